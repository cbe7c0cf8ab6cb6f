"""How a request is signed in: `SignedIn` is the one way for pages and APIs to know who asks.

Two ways there are: a header set by a trusted reverse proxy, and, in demos, a cookie of our own.
Each only names a person; what that person may see is asked of the roster's projection, anew for
every request. Another way (OIDC) would write the same cookie after its own checks.
"""

from __future__ import annotations

import ipaddress
import secrets
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import structlog
from fastapi import Depends, Request
from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode

from chassis import metrics, proxies, sessions
from chassis.http import Problem, Running
from chassis.identity import Identity, Role, Standing, is_id, scope_of
from chassis.settings import ServiceSettings

if TYPE_CHECKING:
    from chassis.service import Runtime

DEMO_ROLES = (Role.OFFICE, Role.AUDITOR)

log = structlog.get_logger(__name__)


def _networks(value: Any) -> Any:
    return proxies.parse_networks(value) if isinstance(value, str) else value


class SignInSettings(ServiceSettings):
    """What a service with signed-in people needs to know besides."""

    trusted_proxies: Annotated[
        tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)
    ] = Field(
        default=(),
        description="Addresses or networks of the reverse proxies that sign people in, "
        "with commas. Their header is believed, nobody else's.",
    )
    proxy_header: str = Field(
        default="X-Remote-User",
        pattern=proxies.HEADER_NAME,
        description="The header in which they say who it is.",
    )
    proxy_header_holds: Literal["person_id", "login"] = "person_id"
    sign_out_url: str | None = Field(
        default=None,
        pattern=r"^(/[^/\\\s]|https://)\S*$",
        description="Where the proxies' own sign-out is; without it, no page offers one.",
    )
    demo_sign_in: bool = Field(
        default=False,
        description="Anybody on this machine may sign in as anybody. For demos only.",
    )
    session_secret: SecretStr = Field(
        default_factory=lambda: SecretStr(secrets.token_urlsafe(32)),
        min_length=16,
        description="Signs cookies and forms; the same for all replicas. "
        "Without one, a restart signs everybody out.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.demo_sign_in and self.trusted_proxies:
            raise ValueError("DEMO_SIGN_IN and TRUSTED_PROXIES exclude each other")
        return self


class NotSignedIn(Problem):
    """Nobody has signed in."""

    def __init__(self) -> None:
        super().__init__(401, "Sign-in needed")


class SignInRefused(Problem):
    """A trusted proxy spoke, and what it said cannot be used."""

    def __init__(self, detail: str) -> None:
        super().__init__(403, "Sign-in refused", detail)
        self.detail = detail


class StaleForm(Problem):
    """A form that we did not draw for this browser and person, or too long ago."""

    def __init__(self) -> None:
        super().__init__(400, "Form refused", "This form had been open for too long. Try again.")


class Denied(Problem):
    """There is such a thing, or there is not: to this person it makes no difference.

    `kind` and `id` are for the log, where an id that could be a name is left out.
    """

    def __init__(self, kind: str, id_: str) -> None:
        super().__init__(404, "Not found", "There is no such page, or it is not yours.")
        self.kind = kind
        self.id = id_ if is_id(id_) else None

    def note(self, request: Request) -> None:
        identity: Identity | None = getattr(request.state, "identity", None)
        metrics.DENIED.labels(self.kind).inc()
        log.warning(
            "access_denied",
            viewer_id=identity.person_id if identity else None,
            role=identity.widest.value if identity else None,
            kind=self.kind,
            key=self.id,
        )


async def signed_in(request: Request, runtime: Running) -> Identity:
    """Dependency: who asks. Raises NotSignedIn, or SignInRefused."""
    identity = await _by_proxy(request, runtime) or await _by_session(request, runtime)
    if identity is None:
        raise NotSignedIn
    request.state.identity = identity
    return identity


SignedIn = Annotated[Identity, Depends(signed_in)]
"""A parameter of this type is who asks, and what they may see."""


async def for_office(identity: SignedIn) -> Identity:
    """Dependency: who asks, if they may act for the office; else Denied."""
    if not identity.may_change:
        raise Denied("office", "")
    return identity


ForOffice = Annotated[Identity, Depends(for_office)]
"""A parameter of this type is somebody who may act for the office."""


def check_form(request: Request, token: str) -> None:
    """Raise StaleForm unless the form is ours, drawn for who is signed in now."""
    identity: Identity | None = getattr(request.state, "identity", None)
    if not sessions.form_is_ours(request, token, identity.person_id if identity else ""):
        raise StaleForm


def demo_sign_in_allowed(request: Request) -> bool:
    """Whether the demo's sign-in is switched on and this machine asks itself.

    The peer alone does not say so: behind a proxy on this machine every peer is local, and so is
    a browser here that another site's name, made to point here, has sent.
    """
    settings: SignInSettings = request.app.state.runtime.settings
    if not settings.demo_sign_in or request.client is None:
        return False
    try:
        asked = request.url.hostname or ""
        return _is_loopback(request.client.host) and (asked == "localhost" or _is_loopback(asked))
    except ValueError:
        return False


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


async def _by_proxy(request: Request, runtime: Runtime) -> Identity | None:
    settings: SignInSettings = runtime.settings  # type: ignore[assignment]
    values = proxies.values_of(request.scope, settings.proxy_header)
    if values and not proxies.is_from(request.scope, settings.trusted_proxies):
        _refuse("untrusted_peer")
        return None
    try:
        user = proxies.read_user(values)
    except proxies.HeaderRefused as refused:
        _refuse(refused.why)
        raise SignInRefused("What the sign-in said of you cannot be used here.") from None
    if user is None:
        return None
    if settings.proxy_header_holds == "login":
        return await _by_login(runtime, user)
    return await _identity(runtime, user)


async def _by_login(runtime: Runtime, login: str) -> Identity:
    async with runtime.pool.acquire() as connection:
        person_id = await _site(runtime).person_of_login(connection, login)
    if person_id is None:
        _refuse("unknown_login")
        raise SignInRefused(
            "Your account is not known here yet. News of a new account takes up to two days."
        )
    return await _identity(runtime, person_id)


async def _by_session(request: Request, runtime: Runtime) -> Identity | None:
    # Only the demo writes sessions so far, so its conditions hold for every request.
    session = sessions.read_session(request) if demo_sign_in_allowed(request) else None
    if session is None:
        return None
    person_id, role = session
    return await _identity(runtime, person_id, *(each for each in DEMO_ROLES if each == role))


async def _identity(runtime: Runtime, person_id: str, *granted: Role) -> Identity:
    site = _site(runtime)
    today = runtime.calendar.today(runtime.settings.timezone)
    async with runtime.pool.acquire() as connection:
        found = await site.standing_of(connection, person_id, today)
    if granted:
        found = Standing(found.officer_of, found.leads, found.roles | set(granted))
    return scope_of(person_id, found)


def _site(runtime: Runtime) -> Any:
    site = runtime.service.site
    assert site is not None, "a service with signed-in people has a site"
    return site


def _refuse(why: str) -> None:
    metrics.SIGN_IN_REFUSED.labels(why).inc()
    log.warning("sign_in_refused", reason=why)
