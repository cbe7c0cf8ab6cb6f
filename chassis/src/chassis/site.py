"""What a service tells the chassis about its pages and about who may read them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

from chassis.identity import Identity, Role, Standing
from chassis.postgres import Connection

StandingOf: TypeAlias = "Callable[[Connection, str, date], Awaitable[Standing]]"
PersonOfLogin: TypeAlias = "Callable[[Connection, str], Awaitable[str | None]]"


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the navigation."""

    title: str
    href: str


@dataclass(frozen=True, slots=True)
class Example:
    """Somebody whom the demo's sign-in page offers."""

    role: Role
    person_id: str
    label: str


async def _nobody(_: Connection, __: str) -> str | None:
    return None


async def _no_examples(_: Connection) -> Sequence[Example]:
    return ()


def _no_links(_: Identity) -> Sequence[Link]:
    return ()


@dataclass(frozen=True, slots=True)
class Site:
    """A service's signed-in side; its settings are `chassis.sign_in.SignInSettings`.

    `standing_of` (connection, person id, today) says what the roster says of a person.
    `person_of_login` finds whose login it is, case aside; None when nobody's, or several people's.
    `templates` is the package whose `templates` folder and `site.css` come before the chassis's.
    """

    standing_of: StandingOf
    templates: str
    person_of_login: PersonOfLogin = _nobody
    links: Callable[[Identity], Sequence[Link]] = _no_links
    examples: Callable[[Connection], Awaitable[Sequence[Example]]] = _no_examples
    template_globals: Mapping[str, Any] = field(default_factory=dict)
