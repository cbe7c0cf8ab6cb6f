"""Who somebody is to the platform, and how far that reaches. The roster says it, nobody else.

How a person was recognised (a proxy, the demo's page, later OIDC) gives a person id and nothing
more: no header and no cookie ever carries a role or a department.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")


def is_id(text: str) -> bool:
    """Whether this has the shape of an id: never a name with a space, never an address."""
    return _ID.fullmatch(text) is not None


class Role(StrEnum):
    """What somebody may be, from the widest reach to the narrowest."""

    OFFICE = "office"
    AUDITOR = "auditor"
    AREA_LEAD = "area_lead"
    OFFICER = "officer"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Standing:
    """What the roster says of a person, as a service's projections have it at this moment.

    `officer_of` are the departments that name the person an officer, `leads` all departments of
    the areas whose lead the person is, `roles` the institution-wide ones; `left` is true from the
    day after the last day of membership.
    """

    officer_of: frozenset[str] = frozenset()
    leads: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    left: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody signed in: a person, and what follows from the roster."""

    person_id: str
    roles: frozenset[Role] = frozenset({Role.PERSON})
    departments: frozenset[str] = frozenset()

    @property
    def sees_all(self) -> bool:
        """Whether every department is theirs to see."""
        return bool(self.roles & {Role.OFFICE, Role.AUDITOR})

    @property
    def may_change(self) -> bool:
        """Whether they may act for the office. Who audits may not, whatever else they are."""
        return Role.OFFICE in self.roles and Role.AUDITOR not in self.roles

    @property
    def reads_audit(self) -> bool:
        """Whether the audit is theirs to read."""
        return Role.AUDITOR in self.roles

    def sees(self, department_id: str) -> bool:
        """Whether this department's people are theirs to see."""
        return self.sees_all or department_id in self.departments

    @property
    def widest(self) -> Role:
        """The role with the widest reach: what a page calls them."""
        return next(role for role in Role if role in self.roles)


def scope_of(person_id: str, standing: Standing) -> Identity:
    """How far a person's reach goes; who has left keeps the own page and nothing else.

    An officer sees the own departments, a lead those of the area, office and auditors all.
    """
    if standing.left:
        return Identity(person_id)
    institution_wide = {Role.OFFICE, Role.AUDITOR} & standing.roles
    roles = {Role.PERSON} | {Role(name) for name in institution_wide}
    if standing.officer_of:
        roles.add(Role.OFFICER)
    if standing.leads:
        roles.add(Role.AREA_LEAD)
    return Identity(person_id, frozenset(roles), standing.officer_of | standing.leads)
