"""The resources as published in /Schemas: what is kept, and what is accepted and dropped.

An attribute declared write-only and never returned is one that standard clients send and the
roster has no use for: it is dropped before anything is stored, and counted.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field
from scim2_models import (
    URN,
    AnyExtension,
    CaseExact,
    ComplexAttribute,
    Extension,
    Mutability,
    Reference,
    Required,
    Resource,
    Returned,
    Uniqueness,
)
from scim2_models import User as StandardUser
from scim2_models.resources import user as standard

from roster.domain import APPOINTMENT_KINDS, YEARS_OF_STUDY

ROSTER_SCHEMA = "urn:edu:rollcall:params:scim:schemas:extension:roster:2.0:User"
ENTERPRISE_SCHEMA = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

_KINDS = sorted(APPOINTMENT_KINDS)
_STARTS, _ENDS = ["2024-09-01"], ["2030-06-30"]

Dropped = Annotated[str | None, Mutability.write_only, Returned.never]


class Name(ComplexAttribute):
    """The parts of a name; `displayName` comes before them."""

    formatted: str | None = None
    """The whole name, used where `displayName` is absent."""

    given_name: str | None = None
    """Used with `familyName` where neither `displayName` nor `formatted` is there."""

    family_name: str | None = None
    """Used with `givenName` where neither `displayName` nor `formatted` is there."""


class Email(ComplexAttribute):
    """An address. Mail goes to the primary one, else the first of type work, else the first."""

    value: str | None = None
    """The address, like name@example.edu."""

    display: str | None = None
    """A label."""

    type: str | None = Field(None, examples=["work", "home", "other"])
    """Work, home or other."""

    primary: bool | None = None
    """Whether mail goes here."""


class GroupMembership(ComplexAttribute):
    """A group the user is a member of."""

    value: Annotated[str | None, Mutability.read_only] = None
    """The id of the group."""

    ref: Annotated[Reference[Group] | None, Mutability.read_only] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The address of the group."""

    display: Annotated[str | None, Mutability.read_only] = None
    """The name of the group."""


class User(Resource[AnyExtension]):
    """A person, as the source of the token reports them."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    external_id: Annotated[
        str | None, Required.true, Mutability.immutable, CaseExact.true, Uniqueness.server
    ] = None
    """The institute id: 1 to 64 letters, digits or . _ : - and it never changes."""

    user_name: Annotated[str | None, Required.true, Uniqueness.server] = None
    """The login."""

    display_name: str | None = None
    """The preferred name, as the person wants to be addressed."""

    name: Name | None = None
    """The parts of the name."""

    Name: ClassVar[type[ComplexAttribute]] = Name

    user_type: str | None = Field(None, examples=_KINDS)
    """The kind of appointment of memberships that do not say theirs; affiliate when absent."""

    active: bool | None = None
    """Whether this source still counts the person as a member; false separates."""

    emails: list[Email] | None = None
    """Addresses of the person."""

    Emails: ClassVar[type[ComplexAttribute]] = Email

    groups: Annotated[list[GroupMembership] | None, Mutability.read_only] = None
    """The groups, that is departments, of the user."""

    Groups: ClassVar[type[ComplexAttribute]] = GroupMembership

    password: Dropped = None
    """Accepted and dropped: the roster signs nobody in."""

    nick_name: Dropped = None
    """Accepted and dropped."""

    title: Dropped = None
    """Accepted and dropped."""

    preferred_language: Dropped = None
    """Accepted and dropped."""

    locale: Dropped = None
    """Accepted and dropped."""

    timezone: Dropped = None
    """Accepted and dropped."""

    profile_url: Dropped = None
    """Accepted and dropped."""

    phone_numbers: Annotated[
        list[standard.PhoneNumber] | None, Mutability.write_only, Returned.never
    ] = None
    """Accepted and dropped."""

    PhoneNumbers: ClassVar[type[ComplexAttribute]] = standard.PhoneNumber

    ims: Annotated[list[standard.Im] | None, Mutability.write_only, Returned.never] = None
    """Accepted and dropped."""

    Ims: ClassVar[type[ComplexAttribute]] = standard.Im

    photos: Annotated[list[standard.Photo] | None, Mutability.write_only, Returned.never] = None
    """Accepted and dropped."""

    Photos: ClassVar[type[ComplexAttribute]] = standard.Photo

    addresses: Annotated[list[standard.Address] | None, Mutability.write_only, Returned.never] = (
        None
    )
    """Accepted and dropped."""

    Addresses: ClassVar[type[ComplexAttribute]] = standard.Address

    entitlements: Annotated[
        list[standard.Entitlement] | None, Mutability.write_only, Returned.never
    ] = None
    """Leave: `type` is leave, `value` its kind, `display` its days as FIRST/LAST or FIRST/ while it
    is open. A PUT without it keeps it, an explicit null removes it. Other types are dropped."""

    Entitlements: ClassVar[type[ComplexAttribute]] = standard.Entitlement

    roles: Annotated[list[standard.Role] | None, Mutability.write_only, Returned.never] = None
    """Accepted and dropped: roles follow from appointments, never from a feed."""

    Roles: ClassVar[type[ComplexAttribute]] = standard.Role

    x509_certificates: Annotated[
        list[standard.X509Certificate] | None, Mutability.write_only, Returned.never
    ] = None
    """Accepted and dropped."""

    X509Certificates: ClassVar[type[ComplexAttribute]] = standard.X509Certificate


class Manager(ComplexAttribute):
    """The supervisor in appointments that do not name theirs."""

    value: Annotated[str | None, CaseExact.true] = None
    """The `id` of the manager's User, or the manager's institute id."""

    ref: Reference[StandardUser[Any]] | None = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The address of the manager's User."""

    display_name: Annotated[str | None, Mutability.read_only] = None
    """Never filled: a name is read on its own User."""


class EnterpriseUser(Extension):
    """The enterprise extension."""

    __schema__ = URN(ENTERPRISE_SCHEMA)

    employee_number: str | None = None
    """Kept for your own reference; the institute id is `externalId`, unless the token says else."""

    department: str | None = None
    """Id or name of the department the person has an appointment in, if no appointment says so."""

    manager: Manager | None = None
    """The supervisor."""

    organization: str | None = None
    """Kept for your own reference."""


class RosterAppointment(ComplexAttribute):
    """One role a person holds."""

    appointment_id: Annotated[str | None, CaseExact.true] = Field(None, examples=["main"])
    """Unique within the person; made from the department when absent."""

    kind: str | None = Field(None, examples=_KINDS)
    """The kind of role; `userType` when absent, else affiliate."""

    paid: bool | None = None
    """Whether it is paid; when absent, faculty and staff are."""

    department_id: Annotated[str | None, Required.true, CaseExact.true] = None
    """The id of the department."""

    start_on: str | None = Field(None, examples=_STARTS)
    """First day, as YYYY-MM-DD; `onboardedOn` when absent."""

    end_on: str | None = Field(None, examples=_ENDS)
    """Last day, as YYYY-MM-DD; absent while open."""

    year_of_study: str | None = Field(None, examples=[str(year) for year in YEARS_OF_STUDY])
    """Year of study, 1 to 15; ignored where the kind is no student."""

    supervisor_id: Annotated[str | None, CaseExact.true] = None
    """The supervisor's institute id; `manager` when absent."""


class RosterUser(Extension):
    """Appointments and dates: what the training rules rest on."""

    __schema__ = URN(ROSTER_SCHEMA)

    appointments: list[RosterAppointment] | None = None
    """Every role the person holds; memberships of groups add to them. One with an
    `appointmentId` that is there already takes its place."""

    onboarded_on: str | None = Field(None, examples=_STARTS)
    """First day of the membership, as YYYY-MM-DD; the day of creation when absent."""

    effective_on: str | None = Field(None, examples=_STARTS)
    """Day from which the write that says it is true, as YYYY-MM-DD; else the day of the write."""


class GroupMember(ComplexAttribute):
    """A member of a group."""

    value: Annotated[str | None, Mutability.immutable, Required.true, CaseExact.true] = None
    """The `id` of a User of the same source."""

    ref: Annotated[Reference[StandardUser[Any]] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The address of the User."""

    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])
    """Always User: departments do not nest."""

    display: Annotated[str | None, Mutability.read_only] = None
    """Never filled: a name is read on its own User."""


class Group(Resource[Any]):
    """A department. Membership is an appointment in it."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true] = None
    """The name of the department."""

    members: list[GroupMember] | None = None
    """The users with an appointment in the department."""

    Members: ClassVar[type[ComplexAttribute]] = GroupMember


# They name classes that stand behind them.
for _model in (GroupMembership, User):
    _model.model_rebuild()

RosterScimUser: type[User[Any]] = User[EnterpriseUser | RosterUser]
"""A User with both extensions: what /Users serves."""
