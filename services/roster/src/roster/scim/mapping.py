"""What a User resource says of a person, as a report. Functions of JSON, without clock or SQL."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from unicodedata import normalize

from roster.domain import (
    APPOINTMENT_KINDS,
    STUDENT_KINDS,
    Appointment,
    Contact,
    Facts,
    Leave,
    LeaveKind,
    is_id,
    is_plain,
)
from roster.scim.errors import wrong
from roster.scim.models import ENTERPRISE_SCHEMA, ROSTER_SCHEMA
from roster.scim.state import Places, Standing

Json = dict[str, Any]

TEXT_MAX = 254
LIST_MAX = 100
DAY = "a day as YYYY-MM-DD"
DEFAULT_KIND = "affiliate"
PAID_KINDS = frozenset({"faculty", "staff"})

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEAR = re.compile(r"[0-9]{1,2}")
CASE_EXACT = frozenset(
    {"externalId", "$ref", "manager", "appointmentId", "departmentId", "supervisorId"}
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a token's maker decided about its source."""

    source: str
    person_id_from: str = "externalId"
    login_domain: str | None = None


def person_id_of(user: Json, rules: Rules) -> str:
    """The institute id. Raises invalidValue when the attribute it is read from is absent."""
    found = user.get("externalId")
    if rules.person_id_from == "employeeNumber":
        found = user.get(ENTERPRISE_SCHEMA, {}).get("employeeNumber")
    if not found:
        raise wrong(rules.person_id_from, "the institute id of the person")
    return cast(str, found)


def facts_of(user: Json, standing: Standing, places: Places, supervisor_id: str | None) -> Facts:
    """What decisions rest on. Raises invalidValue for a day or kind that is none."""
    return Facts(
        standing.onboarded_on,
        standing.separated_on,
        tuple(_appointments(user, standing, places, supervisor_id)),
        tuple(_leaves(user)),
    )


def contact_of(user: Json, login_domain: str | None) -> Contact:
    """How to reach and address the person."""
    user_name = user["userName"]
    login: str | None = user_name
    if "@" in user_name:
        local, _, domain = user_name.rpartition("@")
        same = login_domain is not None and domain.casefold() == login_domain.casefold()
        login = local if same else None
    name = user.get("name", {})
    parts = " ".join(name[each] for each in ("givenName", "familyName") if name.get(each))
    shown = user.get("displayName") or name.get("formatted") or parts or user_name
    return Contact(shown, _email(user.get("emails", [])), login)


def departments_held(user: Json, day: date) -> set[str]:
    """The departments of the appointments that are not over on `day`."""
    return {
        each["departmentId"]
        for each in appointments(user)
        if each.get("departmentId") and (day_of(each, "endOn") or date.max) > day
    }


def appointments(user: Json) -> list[Json]:
    """The appointments the roster extension names."""
    return cast("list[Json]", user.get(ROSTER_SCHEMA, {}).get("appointments", []))


def department_named(user: Json) -> str | None:
    """The text of the enterprise extension's `department`."""
    return cast("str | None", user.get(ENTERPRISE_SCHEMA, {}).get("department"))


def manager_named(user: Json) -> str | None:
    """The value of the enterprise extension's `manager`."""
    return cast("str | None", user.get(ENTERPRISE_SCHEMA, {}).get("manager", {}).get("value"))


def onboarded_named(user: Json) -> date | None:
    """`onboardedOn` of the roster extension."""
    return day_of(user.get(ROSTER_SCHEMA, {}), "onboardedOn")


def effective_named(user: Json) -> date | None:
    """`effectiveOn` of the roster extension."""
    return day_of(user.get(ROSTER_SCHEMA, {}), "effectiveOn")


def without_effective(user: Json) -> Json:
    """The resource with no `effectiveOn`."""
    roster = {name: value for name, value in user[ROSTER_SCHEMA].items() if name != "effectiveOn"}
    return user | {ROSTER_SCHEMA: roster}


def left(user: Json, department_id: str, named: bool, day: date) -> Json:
    """The resource of somebody taken out of a group: appointments in it end on `day`.

    `named`: the `department` attribute names that department, and must not any longer.
    """
    changed = dict(user)
    if named and department_named(user):
        enterprise = {k: v for k, v in user[ENTERPRISE_SCHEMA].items() if k != "department"}
        changed[ENTERPRISE_SCHEMA] = enterprise
    if department_id in departments_held(user, day):
        ended = [
            each | {"endOn": max(day, day_of(each, "startOn") or day).isoformat()}
            if each.get("departmentId") == department_id
            and (day_of(each, "endOn") or date.max) > day
            else each
            for each in appointments(user)
        ]
        changed[ROSTER_SCHEMA] = user[ROSTER_SCHEMA] | {"appointments": ended}
    return changed


def day_of(record: Mapping[str, Any], attribute: str) -> date | None:
    """The day an attribute holds. Raises invalidValue for text that is no day."""
    text = record.get(attribute)
    if text is None:
        return None
    try:
        if not _DAY.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise wrong(attribute, DAY) from None


def require_plain(value: Any, attribute: str) -> None:
    """Refuse text that is too long or holds control characters, and lists that are too long."""
    if isinstance(value, str):
        if len(value) > TEXT_MAX or not is_plain(value):
            raise wrong(attribute, f"at most {TEXT_MAX} characters without control characters")
    elif isinstance(value, list):
        if len(value) > LIST_MAX:
            raise wrong(attribute, f"at most {LIST_MAX} values")
        for each in value:
            require_plain(each, attribute)
    elif isinstance(value, dict):
        for name, each in value.items():
            require_plain(each, f"{attribute}.{name}" if attribute and ":" not in name else name)


def comparable(value: Any) -> Any:
    """A resource in the form in which it is searched; what may not be read is not in it."""
    if isinstance(value, str):
        return normalize("NFC", normalize("NFC", value).lower())
    if isinstance(value, list):
        return [comparable(each) for each in value]
    if isinstance(value, dict):
        return {
            name: _exact(each) if name in CASE_EXACT else comparable(each)
            for name, each in value.items()
            if name != "entitlements"
        }
    return value


def slug(text: str) -> str:
    """An id made from a name: letters, digits and hyphens; a digest where nothing is left."""
    plain = normalize("NFKD", text).encode("ascii", "ignore").decode()
    made = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:64].rstrip("-")
    return made or f"group-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _exact(value: Any) -> Any:
    if isinstance(value, str):
        return normalize("NFC", value)
    if isinstance(value, dict):
        return {name: _exact(each) for name, each in value.items()}
    return value


def _email(emails: list[Json]) -> str | None:
    said = [each for each in emails if each.get("value")]
    ranked = sorted(
        said, key=lambda each: (not each.get("primary"), (each.get("type") or "").lower() != "work")
    )
    return cast(str, ranked[0]["value"]) if ranked else None


def _appointments(
    user: Json, standing: Standing, places: Places, supervisor_id: str | None
) -> Iterator[Appointment]:
    said = str(user.get("userType", "")).lower()
    usual = said if said in APPOINTMENT_KINDS else DEFAULT_KIND
    named: set[str] = set()
    used: set[str] = set()
    for each in appointments(user):
        made = _appointment(each, usual, standing.onboarded_on, supervisor_id, used)
        named.add(made.department_id)
        used.add(made.appointment_id)
        yield made
    for department_id, span in places.spans.items():
        if department_id not in named:
            yield Appointment(
                _unused(f"in:{department_id}", used),
                usual,
                usual in PAID_KINDS,
                department_id,
                span.since,
                span.until,
                None,
                supervisor_id,
            )


def _appointment(
    said: Json, usual: str, onboarded_on: date, supervisor_id: str | None, used: set[str]
) -> Appointment:
    kind = said.get("kind") or usual
    department_id = said.get("departmentId")
    if not department_id:
        raise wrong("appointments.departmentId", "the id of the department")
    paid = said.get("paid")
    return Appointment(
        said.get("appointmentId") or _unused(department_id, used),
        kind,
        kind in PAID_KINDS if paid is None else paid,
        department_id,
        day_of(said, "startOn") or onboarded_on,
        day_of(said, "endOn"),
        _year(said) if kind in STUDENT_KINDS else None,
        said.get("supervisorId") or supervisor_id,
    )


def _unused(wanted: str, used: set[str]) -> str:
    """An appointment id nobody gave: the department's, numbered where it has several."""
    long = len(wanted) > 60 or not is_id(wanted)
    fitting = f"in:{hashlib.sha256(wanted.encode()).hexdigest()[:32]}" if long else wanted
    candidates = (fitting if n == 1 else f"{fitting}:{n}" for n in range(1, LIST_MAX + 2))
    return next(each for each in candidates if each not in used)


def _year(said: Json) -> int | None:
    text = said.get("yearOfStudy")
    if text is None:
        return None
    if not _YEAR.fullmatch(text):
        raise wrong("appointments.yearOfStudy", "a whole number from 1 to 15")
    return int(text)


def _leaves(user: Json) -> Iterator[Leave]:
    for each in user.get("entitlements", []):
        first, _, last = (each.get("display") or "").partition("/")
        days = {"entitlements.display": first, "last": last or None}
        start_on = day_of(days, "entitlements.display")
        end_on = day_of({"entitlements.display": days["last"]}, "entitlements.display")
        try:
            kind = LeaveKind(each.get("value"))
        except ValueError:
            raise wrong("entitlements.value", f"one of {', '.join(LeaveKind)}") from None
        assert start_on is not None
        yield Leave(kind, start_on, end_on)
