"""What of a written resource is kept; the rest is counted by attribute and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from prometheus_client import Counter
from scim2_models import BaseModel, Resource

from roster.scim.mapping import Json, appointments, require_plain
from roster.scim.models import ROSTER_SCHEMA

DROPPED = Counter(
    "roster_scim_dropped", "Attributes of SCIM requests dropped unstored.", ["attribute"]
)

_SERVED = frozenset({"id", "meta", "groups", "schemas"})
_USER = frozenset(
    {
        "password",
        "nickName",
        "title",
        "preferredLanguage",
        "locale",
        "timezone",
        "profileUrl",
        "phoneNumbers",
        "ims",
        "photos",
        "addresses",
        "roles",
        "x509Certificates",
    }
)
LEAVE = "leave"


def kept_user(user: Resource[Any]) -> Json:
    """The user as JSON, less what is dropped and what the server itself fills in.

    Raises invalidValue for text with control characters or beyond the limits.
    """
    written = _dump(user)
    dropped = [name for name in _USER if written.pop(name, None) is not None]
    dropped += ["entitlements"] * _keep_leaves(written)
    dropped += ["other"] * _unknown(user)
    for name in dropped:
        DROPPED.labels(name).inc()
    require_plain(written, "")
    said = cast(Json, _said(written))
    if ROSTER_SCHEMA in said:
        said[ROSTER_SCHEMA] |= {"appointments": _by_id(appointments(said))}
    return cast(Json, _said(said))


def kept_group(group: Resource[Any]) -> Json:
    """The group as JSON, without its members, which are the users' own."""
    written = _dump(group)
    written.pop("members", None)
    require_plain(written, "")
    return cast(Json, _said(written))


def _dump(resource: Resource[Any]) -> Json:
    dumped = resource.model_dump(mode="json")
    return {name: value for name, value in dumped.items() if name not in _SERVED}


def _by_id(said: list[Json]) -> list[Json]:
    """Of several appointments with one id the last, as a PATCH that adds means it."""
    last = {each["appointmentId"]: each for each in said if each.get("appointmentId")}
    return [
        each
        for each in said
        if each.get("appointmentId") is None or last[each["appointmentId"]] is each
    ]


def _keep_leaves(written: Json) -> int:
    """Keep of the entitlements those that are leaves; how many are not."""
    said = written.pop("entitlements", None) or []
    leaves = [each for each in said if str(each.get("type") or "").lower() == LEAVE]
    if leaves:
        written["entitlements"] = leaves
    return len(said) - len(leaves)


def _unknown(value: Any) -> int:
    """How many attributes a resource and what is in it brought that no schema declares."""
    if isinstance(value, list):
        return sum(map(_unknown, value))
    if not isinstance(value, BaseModel):
        return 0
    within = (getattr(value, name) for name in type(value).model_fields)
    return len(value.unknown_attributes) + sum(map(_unknown, within))


def _said(value: Any) -> Any:
    """Without empty text, lists and objects: a client means nothing by them."""
    if isinstance(value, dict):
        return dict(_said_items(value))
    if isinstance(value, list):
        return [each for each in map(_said, value) if each not in ("", [], {}, None)]
    return value


def _said_items(value: Json) -> Iterator[tuple[str, Any]]:
    for name, each in value.items():
        said = _said(each)
        if said not in ("", [], {}, None):
            yield name, said


def count_unknown(patch_op: Any) -> None:
    """Count what a PATCH says of attributes that no schema declares; it changes nothing."""
    for operation in patch_op.operations or []:
        path = operation.path
        if path is not None and path.resolve() is None and path.model is not None:
            DROPPED.labels("other").inc()
