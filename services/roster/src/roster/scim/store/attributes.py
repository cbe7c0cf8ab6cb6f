"""Where an attribute of a filter or a sort is found in the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scim2_models import Extension, InvalidFilterException, Mutability, Returned
from scim2_models.path import AttributeBinding


class Parameters(list[object]):
    """Values of a statement, in the order of their numbers."""

    def add(self, value: object) -> str:
        """The placeholder of one more value."""
        self.append(value)
        return f"${len(self)}"


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource type's table.

    `columns` are expressions by attribute, `times` name those that are instants; everything else
    is in `search`.
    """

    name: str
    table: str
    columns: Mapping[str, str]
    times: frozenset[str] = field(default=frozenset({"meta.created", "meta.lastModified"}))


_COMMON = {
    "id": "r.id::text",
    "meta.created": "r.created_at",
    "meta.lastModified": "r.modified_at",
}
USERS = Kind(
    "User",
    "scim_user",
    _COMMON
    | {
        "userName": "r.user_name_key",
        "externalId": "r.external_id",
        "meta.resourceType": "'user'::text",
    },
)
GROUPS = Kind(
    "Group",
    "scim_group",
    _COMMON | {"externalId": "r.search ->> 'externalId'", "meta.resourceType": "'group'::text"},
)
KINDS = {kind.name: kind for kind in (USERS, GROUPS)}


def refuse_hidden(binding: AttributeBinding) -> None:
    """Nothing can be learnt by searching for what may not be read."""
    annotated = [
        binding.model.get_field_annotation(binding.field_name, Mutability),
        binding.model.get_field_annotation(binding.field_name, Returned),
        binding.get_annotation(Mutability),
        binding.get_annotation(Returned),
    ]
    if Mutability.write_only in annotated or Returned.never in annotated:
        raise InvalidFilterException(detail="that attribute can only be written")


def dotted(binding: AttributeBinding) -> str:
    """The attribute without its schema, like name.givenName."""
    return binding.urn.rpartition(":")[2]


def path_of(binding: AttributeBinding) -> list[str]:
    """The keys that lead to the attribute within `search`."""
    parts = dotted(binding).split(".")
    if issubclass(binding.model, Extension):
        return [str(binding.model.__schema__), *parts]
    return parts


def name_in(model: Any, attribute: str) -> str | None:
    """The attribute's own spelling in a complex attribute, whatever the case it was asked in."""
    for info in model.model_fields.values():
        alias = str(info.serialization_alias)
        if alias.casefold() == attribute.casefold():
            return alias
    return None
