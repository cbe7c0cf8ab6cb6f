"""From stored requests to facts on Kafka, with real people coming and going."""

from datetime import UTC, date, datetime
from typing import Any

from schemas.envelope import Event
from support.completions import (
    NOW,
    OTHER,
    TOKEN,
    Completion,
    contact,
    new_person,
    said,
)
from support.events import send_events, send_raw
from support.waiting import eventually

DAYS = [f"2023-10-{day:02d}T09:00:00-04:00" for day in range(1, 20)]


def instant(day: int) -> datetime:
    return datetime(2023, 10, day + 1, 13, tzinfo=UTC)


def summary(facts: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(fact["what"], fact["version"]) for fact in facts]


async def test_a_completion_becomes_a_fact_with_our_cycle_and_option(
    completion: Completion,
) -> None:
    person = new_person()
    await completion.meet(person)
    await completion.tell(person, completed_at="2023-10-02T23:30:00-04:00")
    (fact,) = await completion.facts(person)
    assert fact == {
        "what": "completed",
        "version": 1,
        "person_id": person,
        "source": "campus-lms",
        "course": "psh23-b",
        "cycle": "2023-24",
        "option": "B",
        "completed_at": datetime(2023, 10, 3, 3, 30, tzinfo=UTC),
        "effective_on": date(2023, 10, 2),
        "received_at": NOW,
    }


async def test_duplicates_and_an_older_report_after_a_newer_do_no_harm(
    completion: Completion,
) -> None:
    person = new_person()
    await completion.meet(person)
    for day in (5, 5, 3, 5, 7):
        await completion.tell(person, completed_at=DAYS[day])
    facts = await completion.facts(person)
    assert summary(facts) == [("completed", 1), ("completed", 2)]
    assert facts[-1]["completed_at"] == instant(3)


async def test_a_revocation_takes_a_completion_back_and_a_later_one_counts_again(
    completion: Completion,
) -> None:
    person = new_person()
    await completion.meet(person)
    await completion.tell(person, completed_at=DAYS[1])
    await completion.tell(person, status="revoked", completed_at=DAYS[4])
    await completion.tell(person, completed_at=DAYS[2])
    await completion.tell(person, completed_at=DAYS[6])
    facts = await completion.facts(person)
    assert summary(facts) == [("completed", 1), ("revoked", 2), ("completed", 3)]
    assert facts[-1]["completed_at"] == instant(6)


async def test_a_revocation_before_its_completion_is_remembered(completion: Completion) -> None:
    person = new_person()
    await completion.meet(person)
    await completion.tell(person, status="revoked", completed_at=DAYS[4])
    assert await completion.facts(person) == []
    await completion.tell(person, completed_at=DAYS[4])
    assert summary(await completion.facts(person)) == [("revoked", 1)]


async def test_a_failed_attempt_never_re_opens(completion: Completion) -> None:
    person = new_person()
    await completion.meet(person)
    await completion.tell(person, completed_at=DAYS[1])
    await completion.tell(person, status="failed", completed_at=DAYS[5], attempt=2)
    await completion.tell(
        person, status="failed", type="module.completed", completed_at=DAYS[6], attempt=3
    )
    assert summary(await completion.facts(person)) == [("completed", 1)]


async def test_everything_that_piles_up_is_told_change_by_change(completion: Completion) -> None:
    person = new_person()
    for changes in (
        {"completed_at": DAYS[1]},
        {"status": "revoked", "completed_at": DAYS[2]},
        {"completed_at": DAYS[3]},
    ):
        assert (await completion.post(said(person, **changes))).is_success
    await completion.at_rest()
    await completion.meet(person)
    assert summary(await completion.facts(person)) == [
        ("completed", 1),
        ("revoked", 2),
        ("completed", 3),
    ]


async def test_a_course_nobody_listed_is_kept_and_does_not_count(completion: Completion) -> None:
    person = new_person()
    await completion.meet(person)
    await completion.tell(person, "pottery")
    (fact,) = await completion.facts(person)
    assert (fact["course"], fact["cycle"], fact["option"]) == ("pottery", None, None)


async def test_a_source_cannot_speak_for_the_modules_of_another(completion: Completion) -> None:
    person = new_person()
    await completion.meet(person)
    await completion.tell(person, completed_at=DAYS[1])
    await completion.tell(person, system=OTHER, completed_at=DAYS[0])
    await completion.tell(person, system=OTHER, status="revoked", completed_at=DAYS[9])
    ours, *theirs = await completion.facts(person)
    assert (ours["source"], ours["cycle"], ours["version"]) == ("campus-lms", "2023-24", 1)
    assert {(fact["source"], fact["cycle"]) for fact in theirs} == {("other-lms", None)}


async def test_a_person_unknown_yet_is_kept_and_matched_when_the_roster_catches_up(
    completion: Completion,
) -> None:
    person = new_person()
    await completion.tell(person)
    assert await completion.facts(person) == []
    assert await completion.fetch("SELECT FROM unmatched WHERE reference = $1", person)
    await completion.meet(person)
    assert summary(await completion.facts(person)) == [("completed", 1)]
    assert not await completion.fetch("SELECT FROM unmatched WHERE reference = $1", person)


async def test_a_person_is_found_by_login_and_by_address_in_any_case(
    completion: Completion,
) -> None:
    person = new_person()
    await completion.tell(f"Canary{person}@Example.EDU", "psh23-a")
    await completion.meet(person, login=f"canary{person}", email=f"canary{person}@example.edu")
    await completion.tell(f"CANARY{person}")
    facts = await completion.facts(person)
    assert sorted(fact["course"] for fact in facts) == ["psh23-a", "psh23-b"]


async def test_an_address_that_two_people_share_is_not_guessed_at(completion: Completion) -> None:
    first, second = new_person(), new_person()
    shared = f"office{first}@example.edu"
    await completion.meet(first, email=shared)
    await completion.meet(second, email=shared)
    await completion.tell(shared)
    assert await completion.facts(first) == await completion.facts(second) == []
    freed = contact(second, version=2, email=f"own{second}@example.edu")
    await send_events(completion.bootstrap, [freed])

    async def told() -> bool:
        return bool(await completion.facts(first))

    await eventually(told, timeout=20)


async def test_an_older_contact_that_arrives_late_does_not_come_back(
    completion: Completion,
) -> None:
    person = new_person()
    newer = contact(person, version=2, login=f"new{person}")
    older = contact(person, version=1, login=f"old{person}")
    events: list[Event] = [newer, older]
    await send_events(completion.bootstrap, events)
    await completion.meet(person)
    await completion.meet(new_person())

    async def logins() -> list[str]:
        rows = await completion.fetch("SELECT login FROM contact WHERE person_id = $1", person)
        return [row["login"] for row in rows]

    await eventually(logins)
    assert await logins() == [f"new{person}"]


async def test_a_tombstone_erases_login_address_and_what_the_learning_system_wrote(
    completion: Completion,
) -> None:
    person = new_person()
    address = f"canary{person}@example.edu"
    await completion.meet(person, email=address)
    await completion.tell(address)
    await send_raw(
        completion.bootstrap,
        "roster.contact.v1",
        key=person.encode(),
        value=None,
        headers=[("ce_id", b"00000000-0000-0000-0000-000000000001")],
    )

    async def gone() -> bool:
        return not await completion.fetch("SELECT FROM contact WHERE person_id = $1", person)

    await eventually(gone, timeout=20)
    (request,) = await completion.fetch(
        "SELECT body, outcome FROM webhook_request WHERE person_id = $1", person
    )
    assert (request["body"], request["outcome"]) == (None, "changed")
    assert summary(await completion.facts(person)) == [("completed", 1)]


async def test_unmatched_requests_are_listed_by_count_and_age_without_a_name(
    completion: Completion,
) -> None:
    address = f"canary{new_person()}@example.edu"
    await completion.tell(address)
    await completion.tell(address, "psh23-a")
    (request,) = await completion.fetch(
        "SELECT min(request_id) AS first FROM unmatched WHERE reference = $1", address
    )
    answer = await completion.client.get(
        "/unmatched", params={"limit": 1000}, headers={"authorization": f"Bearer {TOKEN}"}
    )
    assert address not in answer.text
    report = answer.json()
    assert report["requests"] >= 2
    (listed,) = [r for r in report["references"] if r["first_request"] == request["first"]]
    assert (listed["source"], listed["requests"], listed["age_days"]) == ("campus-lms", 2, 0)
    assert len(listed["reference"]) == 12


async def test_the_list_of_the_unmatched_is_for_machines_with_a_token(
    completion: Completion,
) -> None:
    assert (await completion.client.get("/unmatched")).status_code == 401


async def test_a_stored_request_that_cannot_be_read_is_set_aside_and_the_next_goes_on(
    completion: Completion,
) -> None:
    person = new_person()
    await completion.meet(person)
    await completion.fetch(
        """
        INSERT INTO webhook_request
            (source, webhook_id, webhook_timestamp, webhook_signature, received_at, body)
        VALUES ('campus-lms', $1, '1', 'v1,x', now(), 'from before the rules changed')
        """,
        f"msg_{person}",
    )
    await completion.tell(person)
    (row,) = await completion.fetch(
        "SELECT outcome FROM webhook_request WHERE webhook_id = $1", f"msg_{person}"
    )
    assert row["outcome"] == "unreadable"
    assert summary(await completion.facts(person)) == [("completed", 1)]
