"""What the office does on a card: done, told, kept in the audit; and refused in words."""

import pytest

from chassis import audit
from support.roster_pages import Site
from support.rosters import ADA, BEN, take_in


async def done(office: Site) -> list[tuple[str, str, str | None]]:
    async with office.runtime.pool.acquire() as connection:
        return [(e.actor, e.action, e.reason) for e in await audit.entries(connection)]


async def test_a_person_is_put_on_hold_and_let_go(office: Site) -> None:
    held = await office.post("/person/p1/hold", code="sensitive")
    assert "The person is on hold: no mail goes out" in held
    assert "A sensitive case, since Friday 1 September 2023" in held
    assert "A sensitive case" in await office.get("/holds")
    lifted = await office.post("/person/p1/lift", reason="decision_of_the_office")
    assert "no longer on hold" in lifted
    assert "The office decided it" in lifted
    assert "Nobody is on hold." in await office.get("/holds")
    again = await office.post("/person/p1/lift", 409, reason="correction")
    assert "p1 is not on hold." in again
    assert await done(office) == [
        ("900001", "person.lift", "decision_of_the_office"),
        ("900001", "person.hold", "sensitive"),
    ]


async def test_two_ids_become_one_person_and_two_again(office: Site) -> None:
    merged = await office.post("/person/p2/merge", into="p1", reason="correction")
    assert "This id is an alias of" in merged
    assert 'href="/person/p2"' in await office.get("/person/p1")
    assert "Put on hold" not in merged
    split = await office.post("/person/p2/split", reason="correction")
    assert "two people again" in split
    assert [action for _, action, _ in await done(office)] == ["person.split", "person.merge"]


@pytest.mark.parametrize("into", ["p2", "p99", "ada@example.edu", "<b>"])
async def test_a_merge_that_cannot_be_is_refused_in_words(office: Site, into: str) -> None:
    refused = await office.post("/person/p2/merge", 409, into=into, reason="correction")
    assert 'role="alert"' in refused
    assert "<b>" not in refused
    assert await done(office) == []


async def test_who_is_erased_has_to_be_typed(office: Site) -> None:
    assert "To confirm, type the id p1" in await office.get("/person/p1/erase")
    wrong = await office.post("/person/p1/erase", 409, confirm="p2", reason="correction")
    assert "Nothing was erased" in wrong
    erased = await office.post("/person/p1/erase", confirm="p1", reason="request_of_the_person")
    assert "Erased person" in erased
    for name in ("Lovelace", "ada@example.edu"):
        assert name not in erased
    assert "erased person" in await office.post("/people", 200, q="p1")
    assert await done(office) == [("900001", "person.erase", "request_of_the_person")]


async def test_a_seat_is_given_renewed_and_ended(office: Site) -> None:
    given = await office.post(
        "/person/p1/seats",
        committee="physics",
        start_on="2023-09-01",
        end_on="2025-08-31",
        nominated_by="physics",
        reason="decision_of_the_office",
    )
    assert "committee member" in given
    assert "End or renew seat-1" in given
    renewed = await office.post(
        "/person/p1/seats/seat-1/renew", end_on="2027-08-31", reason="decision_of_the_office"
    )
    assert "31 Aug 2027" in renewed
    ended = await office.post(
        "/person/p1/seats/seat-1/resign", end_on="2024-01-31", reason="request_of_the_person"
    )
    assert "31 Jan 2024" in ended
    refused = await office.post(
        "/person/p1/seats/seat-9/resign", 409, end_on="2024-01-31", reason="correction"
    )
    assert "p1 has no seat seat-9." in refused


async def test_a_seat_without_a_last_day_is_ex_officio(office: Site) -> None:
    seat = {"committee": "physics", "start_on": "2023-09-01", "end_on": ""}
    given = await office.post("/person/p1/seats", 303, reason="correction", **seat)
    assert "ex officio" in given


async def test_a_proposal_is_decided_once(office: Site) -> None:
    async with office.runtime.pool.acquire() as connection:
        await take_in(connection, BEN | {"login": "ada"}, ADA | {"person_id": "p3"})
        pairs = await connection.fetch(
            "SELECT id, person_id, other_id FROM merge_proposal ORDER BY id"
        )
    assert "The same login" in await office.get("/proposals")
    assert "Perhaps the same person as" in await office.get("/person/p1")
    first, second, *_ = pairs
    declined = await office.post(f"/proposal/{first['id']}/decline", reason="correction")
    assert "not proposed again" in declined
    again = await office.post(f"/proposal/{first['id']}/decline", 409, reason="correction")
    assert "declined already" in again
    merged = await office.post(
        f"/proposal/{second['id']}/accept", reason="correction", keep=second["person_id"]
    )
    assert "one person now" in merged
    assert "alias of" in await office.get(f"/person/{second['other_id']}")


async def test_an_alarm_is_taken_and_noted(office: Site) -> None:
    async with office.runtime.pool.acquire() as connection:
        await take_in(connection, BEN | {"login": "ada"})
    await office.settled()
    shown = await office.get("/alarms")
    assert "Two ids, perhaps one person" in shown
    alarm_id = shown.split('action="/alarms/')[1].split("/")[0]
    assert 'value="900001"' in await office.post(f"/alarms/{alarm_id}/take", owner="900001")
    noted = await office.post(f"/alarms/{alarm_id}/note", code="being_mended")
    assert '<option value="being_mended" selected>' in noted
    refused = await office.post(f"/alarms/{alarm_id}/take", 409, owner="p2")
    assert "looked after by somebody of the office" in refused
    assert "Nothing needs looking after." in await office.get("/alarms?kind=feed_silent")
    assert "Nothing of that kind was resolved yet." in await office.get("/alarms?resolved=true")
