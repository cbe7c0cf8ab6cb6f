"""JSON Schema 2020-12 of the payloads, as committed under `schemas/jsonschema/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from schemas.envelope import dataschema_of
from schemas.registry import EVENTS, INBOUND

if TYPE_CHECKING:
    from schemas.envelope import Contract

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _WithoutFieldTitles(GenerateJsonSchema):
    """A title made from a field's name says nothing that the name does not."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def payload_schema(model: type[Contract], ref_template: str = "#/$defs/{model}") -> Schema:
    """What a reader takes: fields with a default may be missing, unknown fields are ignored."""
    return model.model_json_schema(
        ref_template=ref_template, schema_generator=_WithoutFieldTitles, mode="validation"
    )


def schema_of(event_type: str) -> Schema:
    """The whole JSON Schema document of one event type; KeyError when there is no such type."""
    model: type[Contract] = (EVENTS | INBOUND)[event_type]
    return {"$schema": DIALECT, "$id": dataschema_of(event_type), **payload_schema(model)}
