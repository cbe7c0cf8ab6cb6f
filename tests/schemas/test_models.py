"""What holds for every event and every topic: keys, versions, owners, and no personal data."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest

from schemas.envelope import Contract, make_event_id
from schemas.registry import EVENTS, INBOUND, events_on
from schemas.topics import KEEP_FOR_EVER, SERVICES, TOPICS, topics_read_by, topics_written_by
from support.examples import event_examples

PERSONAL = {
    *("name", "surname", "nickname", "pronouns", "email", "mail", "login", "username", "account"),
    *("phone", "mobile", "address", "street", "city", "zip", "postcode", "contact", "photo"),
    *("birth", "birthday", "age", "gender", "sex", "race", "ethnicity", "religion", "nationality"),
    *("disability", "health", "diagnosis", "salary", "ssn", "passport", "ip", "note", "comment"),
}
# Of organisations and their offices, not of people.
OF_OFFICES = {
    "edu.rollcall.department.changed.v1": {"name", "area_name"},
    "edu.rollcall.cycle.published.v1": {"contact", "senders.name", "senders.address"},
    "edu.rollcall.mail.changed.v1": {"mail_id"},  # the id of a mail
}
DOORS = {"roster.contact.v1", "roster.inbound.v1"}


def _fields(model: type[Contract], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}"
        for part in _contracts_in(field.annotation):
            yield from _fields(part, f"{prefix}{name}.")


def _contracts_in(annotation: Any) -> Iterator[type[Contract]]:
    if isinstance(annotation, type) and issubclass(annotation, Contract):
        yield annotation
    for argument in get_args(annotation):
        yield from _contracts_in(argument)


def _personal(model: type[Contract]) -> set[str]:
    return {f for f in _fields(model) if PERSONAL & set(f.rpartition(".")[2].split("_"))}


@pytest.mark.parametrize("event_type", [t for t, m in EVENTS.items() if m.TOPIC not in DOORS])
def test_no_field_outside_the_two_doors_can_hold_personal_data(event_type: str) -> None:
    assert _personal(EVENTS[event_type]) == OF_OFFICES.get(event_type, set())


def test_the_walk_over_the_models_would_find_personal_data() -> None:
    contact = EVENTS["edu.rollcall.contact.changed.v1"]
    assert _personal(contact) == {"display_name", "email", "login"}

    class Nested(Contract):
        history: tuple[contact, ...] | None  # type: ignore[valid-type]

    assert "history.email" in _personal(Nested)


def test_personal_data_can_be_erased_or_expires() -> None:
    for name in DOORS:
        assert TOPICS[name].compacted or TOPICS[name].retention_ms != KEEP_FOR_EVER


@pytest.mark.parametrize("event_type", EVENTS)
def test_an_event_goes_to_a_topic_whose_owner_publishes_it(event_type: str) -> None:
    topic = TOPICS[EVENTS[event_type].TOPIC]
    assert topic in topics_written_by(topic.owner)
    assert EVENTS[event_type].__module__ == f"schemas.{topic.owner}"
    assert topic.readers, "an event nobody reads is not a contract"


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda topic: topic.name)
def test_a_topic_is_named_after_its_owner_and_its_major(topic: Any) -> None:
    owner, aggregate, major = topic.name.split(".")
    assert owner == topic.owner
    assert aggregate.isidentifier()
    assert major == "v1"
    carried = {name for name, model in (EVENTS | INBOUND).items() if topic.name == model.TOPIC}
    assert carried, "a topic without events"
    assert all(name.endswith(f".{major}") for name in carried)


def test_every_service_reads_and_writes_something() -> None:
    for service in SERVICES:
        assert topics_read_by(service)
        assert topics_written_by(service)


def test_what_outsiders_write_is_not_written_by_its_owner() -> None:
    written = {topic.name for service in SERVICES for topic in topics_written_by(service)}
    assert set(TOPICS) - written == {"roster.inbound.v1"}
    assert events_on("roster.inbound.v1") == {}


@pytest.mark.parametrize("example", event_examples(), ids=str)
def test_the_key_is_what_the_topic_declares(example: Any) -> None:
    event = EVENTS[example.event_type].model_validate(example.value)
    declared = TOPICS[event.TOPIC].key.replace(" ", "_")
    assert event.key == getattr(event, declared)
    assert event.subject.startswith(event.key) or declared == "person_id"


@pytest.mark.parametrize("event_type", EVENTS)
def test_versions_are_dense_from_one_and_never_missing(event_type: str) -> None:
    version = EVENTS[event_type].model_fields["version"]
    assert version.is_required()
    assert [limit.ge for limit in version.metadata] == [1]


@pytest.mark.parametrize("event_type", EVENTS)
def test_both_times_are_on_every_event(event_type: str) -> None:
    fields = EVENTS[event_type].model_fields
    assert fields["effective_on"].is_required()
    assert fields["received_at"].is_required()


def test_events_are_immutable_so_that_a_handler_cannot_alter_what_the_next_one_sees() -> None:
    for model in [*EVENTS.values(), *INBOUND.values()]:
        assert model.model_config["frozen"]
        assert model.model_config["extra"] == "ignore"


def test_only_the_topic_of_personal_data_is_compacted_because_the_rest_is_a_promise() -> None:
    assert {topic.name for topic in TOPICS.values() if topic.compacted} == {"roster.contact.v1"}
    expiring = {t.name for t in TOPICS.values() if t.retention_ms != KEEP_FOR_EVER}
    assert expiring == {"roster.inbound.v1"}
    for topic in TOPICS.values():
        kept = topic.config.get("retention.ms")
        assert topic.compacted or topic.name in expiring or kept == "-1"


def test_the_same_cause_makes_the_same_event_id_and_another_cause_another() -> None:
    once = make_event_id("completion.module.v1/3", "edu.rollcall.x.v1", "900482117")
    assert make_event_id("completion.module.v1/3", "edu.rollcall.x.v1", "900482117") == once
    others = {
        make_event_id("completion.module.v1/4", "edu.rollcall.x.v1", "900482117"),
        make_event_id("completion.module.v1/3", "edu.rollcall.y.v1", "900482117"),
        make_event_id("completion.module.v1/3", "edu.rollcall.x.v1", "900482118"),
    }
    assert once not in others
    assert len(others) == 3
