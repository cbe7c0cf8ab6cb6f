"""AsyncAPI 3.0: one document per service, of the topics it writes and the topics it reads."""

from __future__ import annotations

from typing import Any, TypeAlias

from schemas.envelope import CONTENT_TYPE, SPEC_VERSION, Event, dataschema_of, source_of
from schemas.jsonschema import payload_schema
from schemas.registry import INBOUND, events_on
from schemas.roster import PersonReported
from schemas.topics import KEEP_FOR_EVER, Service, Topic, topics_read_by, topics_written_by

Json = dict[str, Any]
Model: TypeAlias = "type[Event] | type[PersonReported]"

ASYNCAPI = "3.0.0"
KAFKA_BINDING = "0.5.0"
_REF = "#/components/schemas/{model}"
_DAY_MS = 24 * 60 * 60 * 1000

_ABOUT: dict[Service, str] = {
    "roster": "Who is a member, in which department, reachable how.",
    "rollout": "Cycles, daily releases, what each person owes, and the reminders that fall due.",
    "completion": "Facts from learning systems: modules completed, and taken back.",
    "notifier": "The mail ledger: what became of every intended mail.",
    "reporting": "The nightly editions of every department.",
}
_ATTRIBUTES: Json = {
    "ce_specversion": {"type": "string", "const": SPEC_VERSION},
    "ce_id": {
        "type": "string",
        "format": "uuid",
        "description": "The same event published again has the same id.",
    },
    "ce_subject": {"type": "string", "description": "Identity of the aggregate."},
    "ce_time": {"type": "string", "format": "date-time"},
    "ce_sequence": {
        "type": "string",
        "pattern": "^[1-9][0-9]*$",
        "description": "Version of the aggregate: a reader that has seen it ignores the record.",
    },
    "content-type": {"type": "string", "const": CONTENT_TYPE},
}
_TRACEPARENT: Json = {
    "type": "string",
    "description": "W3C trace context, when the work that made the event was traced.",
}
_REQUIRED_OF_OUTSIDERS = ["ce_specversion", "ce_id", "ce_source", "ce_type"]


def document_of(service: Service) -> Json:
    """The AsyncAPI document of one service, complete in itself."""
    written, read = topics_written_by(service), topics_read_by(service)
    topics = list(dict.fromkeys([*written, *read]))
    return {
        "asyncapi": ASYNCAPI,
        "info": {
            "title": f"Rollcall {service}",
            "version": "1",
            "description": f"{_ABOUT[service]} CloudEvents 1.0 in Kafka's binary mode: the value "
            "is the payload, everything else travels in headers.",
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "The institution's Kafka cluster.",
                "variables": {"bootstrap": {"description": "host:port of a broker."}},
            }
        },
        "channels": {topic.name: _channel(topic) for topic in topics},
        "operations": {
            **{f"send.{topic.name}": _operation("send", topic) for topic in written},
            **{f"receive.{topic.name}": _operation("receive", topic) for topic in read},
        },
        "components": {
            "messages": {name: body for t in topics for name, body in _messages(t).items()},
            "schemas": _schemas([model for topic in topics for model in _models(topic).values()]),
        },
    }


def _models(topic: Topic) -> dict[str, Model]:
    inbound = {name: model for name, model in INBOUND.items() if topic.name == model.TOPIC}
    return {**events_on(topic.name), **inbound}


def _channel(topic: Topic) -> Json:
    return {
        "address": topic.name,
        "title": topic.name,
        "description": topic.description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _messages(topic)},
        "bindings": {
            "kafka": {
                "partitions": topic.partitions,
                "topicConfiguration": _configuration(topic),
                "bindingVersion": KAFKA_BINDING,
            }
        },
        "x-owner": topic.owner,
        "x-readers": list(topic.readers),
        "x-outside-writers": topic.outside_writers,
        "x-retention": _retention(topic),
    }


def _configuration(topic: Topic) -> Json:
    """As Kafka has it, in the types that the binding asks for."""
    return {
        name: [value] if name == "cleanup.policy" else int(value)
        for name, value in topic.config.items()
    }


def _retention(topic: Topic) -> str:
    if topic.compacted:
        return "the last record of every key, until its tombstone"
    if topic.retention_ms == KEEP_FOR_EVER:
        return "for ever"
    return f"{topic.retention_ms // _DAY_MS} days"


def _operation(action: str, topic: Topic) -> Json:
    channel = f"#/channels/{topic.name}"
    title = f"{'Publish to' if action == 'send' else 'Read'} {topic.name}"
    return {
        "action": action,
        "title": title,
        "description": topic.description,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in _messages(topic)],
    }


def _messages(topic: Topic) -> dict[str, Json]:
    key = {"type": "string", "description": topic.key, "minLength": 1}
    bindings = {"kafka": {"key": key, "bindingVersion": KAFKA_BINDING}}
    messages = {name: _message(model, bindings) for name, model in _models(topic).items()}
    if topic.compacted:
        messages[f"{topic.name}.tombstone"] = _tombstone(topic, bindings)
    return messages


def _message(model: Model, bindings: Json) -> Json:
    description = (model.__doc__ or "").strip()
    return {
        "name": model.TYPE,
        "title": model.__name__,
        "summary": description.splitlines()[0],
        "contentType": CONTENT_TYPE,
        "headers": _headers(model),
        "payload": {"$ref": _REF.format(model=model.__name__)},
        "bindings": bindings,
        "x-jsonschema": dataschema_of(model.TYPE),
    }


def _tombstone(topic: Topic, bindings: Json) -> Json:
    return {
        "name": f"{topic.name}.tombstone",
        "title": "Tombstone",
        "summary": f"Erases what is known of this {topic.key}; the record has no value.",
        "headers": {
            "type": "object",
            "required": ["ce_id"],
            "properties": {"ce_id": _ATTRIBUTES["ce_id"]},
        },
        "payload": {"type": "null"},
        "bindings": bindings,
    }


def _headers(model: Model) -> Json:
    properties = {**_ATTRIBUTES, "ce_type": {"type": "string", "const": model.TYPE}}
    if model.TYPE in INBOUND:
        source: Json = {"type": "string", "description": "URI of the system that says so."}
        return _object({**properties, "ce_source": source}, _REQUIRED_OF_OUTSIDERS)
    service = model.TOPIC.partition(".")[0]
    properties["ce_source"] = {"type": "string", "const": source_of(service)}
    properties["ce_dataschema"] = {"type": "string", "const": dataschema_of(model.TYPE)}
    return _object({**properties, "traceparent": _TRACEPARENT}, sorted(properties))


def _object(properties: Json, required: list[str]) -> Json:
    return {"type": "object", "required": required, "properties": properties}


def _schemas(models: list[Model]) -> Json:
    """Every model and what it is made of, by class name."""
    schemas: Json = {}
    for model in models:
        schema = payload_schema(model, _REF)
        for name, part in {**schema.pop("$defs", {}), model.__name__: schema}.items():
            if schemas.setdefault(name, part) != part:
                raise ValueError(f"two different models in one document are called {name}")
    return schemas
