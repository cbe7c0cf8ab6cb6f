"""Rollout has nothing to erase: it reads no contact and keeps nothing but ids, days and codes."""

import json

from rollout.subscribers import subscriptions
from schemas.roster import Leave, PersonState
from schemas.topics import TOPICS, topics_read_by
from support.rollouts import Rollout, department_events, held, module_event, person_event
from support.training import day

CANARY = "Zephyrine Quillfeather"


def test_the_topic_with_personal_data_is_not_read() -> None:
    assert "rollout" not in TOPICS["roster.contact.v1"].readers
    assert set(subscriptions(stepped=False)) == {topic.name for topic in topics_read_by("rollout")}


async def test_what_a_publisher_says_too_much_is_not_kept(rollout: Rollout) -> None:
    """A person's event with fields that no contract has: a name, and the kind of a leave."""
    leave = Leave(start_on=day("10-02"), pauses=True)
    event = person_event("p1", held("d-csail"), leaves=(leave,))
    said = json.loads(event.model_dump_json())
    said |= {"display_name": CANARY, "leaves": [{**said["leaves"][0], "kind": CANARY}]}
    await rollout.tell(*department_events(), type(event).model_validate(said))
    await rollout.tell(module_event("p1", "A", "09-12"))
    await rollout.publish()
    await rollout.until("12-20")
    tables = await rollout.fetch(
        "SELECT format('%I', tablename) AS name FROM pg_tables WHERE schemaname = 'public'"
    )
    assert len(tables) > 8
    for table in tables:
        rows = await rollout.fetch(f"SELECT to_jsonb(t)::text AS row FROM {table['name']} t")
        assert not [row for row in rows if CANARY in row["row"]]
    (kept,) = await rollout.fetch("SELECT state FROM person_version")
    assert json.loads(kept["state"]).keys() <= PersonState.model_fields.keys()
