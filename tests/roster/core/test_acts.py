"""What the office does to people: hold, merge, split, erase, appoint, and give roles."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from chassis import audit
from chassis.postgres import Connection
from roster.domain import Contact
from roster.handlers import committees, erasures, holds, merges, proposals, roles
from roster.handlers.acts import Refused
from roster.handlers.committees import Seat
from roster.handlers.holds import HoldReason
from roster.handlers.show import show_as_of, show_person
from roster.store.holds import list_holds
from roster.store.proposals import list_proposals
from roster.store.roles import list_roles
from schemas.roster import RoleName
from support.reports import ADA, BEN, HIRED, OFFICE, moved, report
from support.rosters import waiting

ADA_AGAIN = replace(moved(ADA, "dean"), person_id="p9", contact=Contact("Ada King", None, "king"))


@pytest.fixture(autouse=True)
async def three_people(connection: Connection) -> AsyncIterator[None]:
    """Ada, Ben, and Ada under another id."""
    await report(connection, ADA, BEN, ADA_AGAIN)
    await connection.execute("DELETE FROM outbox")
    yield
    verdict = await audit.verify(connection)
    assert verdict.sound


async def published(connection: Connection, person_id: str) -> dict[str, Any]:
    shown = await show_person(connection, person_id)
    assert shown is not None
    current: Any = shown["current"]
    return dict(current)


async def departments(connection: Connection, person_id: str) -> list[str]:
    current = await published(connection, person_id)
    return [each["department_id"] for each in current["appointments"]]


async def actions(connection: Connection) -> list[tuple[str, str]]:
    return [(each.action, each.subject) for each in reversed(await audit.entries(connection))]


async def test_a_hold_is_published_without_its_reason_and_no_report_lifts_it(
    connection: Connection,
) -> None:
    await holds.hold(connection, OFFICE, "p1", HoldReason.DECEASED)
    await report(connection, moved(ADA, "chemistry"))
    assert (await published(connection, "p1"))["hold"] is True
    payloads = await connection.fetch("SELECT payload FROM outbox")
    assert not any(b"deceased" in row[0] for row in payloads)
    assert [(who, why) for who, why, _ in await list_holds(connection, 9)] == [("p1", "deceased")]


async def test_lifting_a_hold_is_published_and_both_are_in_the_audit(
    connection: Connection,
) -> None:
    await holds.hold(connection, OFFICE, "p1", HoldReason.LEGAL)
    await holds.hold(connection, OFFICE, "p1", HoldReason.OTHER)
    await holds.lift(connection, OFFICE, "p1")
    assert (await published(connection, "p1"))["hold"] is False
    assert [each[2] for each in await waiting(connection)] == [2, 3]
    assert await list_holds(connection, 9) == []
    lines = [("person.hold", "person/p1")] * 2 + [("person.lift", "person/p1")]
    assert await actions(connection) == lines


async def test_only_who_is_on_hold_can_be_let_go_and_only_who_is_known_can_be_held(
    connection: Connection,
) -> None:
    with pytest.raises(Refused, match="p1 is not on hold"):
        await holds.lift(connection, OFFICE, "p1")
    with pytest.raises(Refused, match="Nobody has reported"):
        await holds.hold(connection, OFFICE, "p77", HoldReason.OTHER)
    assert await actions(connection) == []


async def test_an_alias_has_no_appointments_and_the_person_has_those_of_both(
    connection: Connection,
) -> None:
    await merges.merge(connection, OFFICE, "p9", "p1")
    alias, person = await published(connection, "p9"), await published(connection, "p1")
    assert (alias["merged_into"], alias["appointments"]) == ("p1", [])
    assert person["aliases"] == ["p9"]
    assert await departments(connection, "p1") == ["physics", "dean"]


async def test_what_is_reported_of_an_alias_counts_as_the_persons(connection: Connection) -> None:
    await merges.merge(connection, OFFICE, "p9", "p1")
    done = await report(connection, moved(ADA_AGAIN, "chemistry"))
    assert done.counts["changed"] == 1
    assert await departments(connection, "p1") == ["physics", "chemistry"]
    assert (await published(connection, "p9"))["appointments"] == []
    shown: Any = await show_as_of(connection, "p9", date(2023, 9, 1))
    assert shown["person_id"] == "p1"


async def test_a_hold_on_an_alias_holds_the_person(connection: Connection) -> None:
    await merges.merge(connection, OFFICE, "p9", "p1")
    assert await holds.hold(connection, OFFICE, "p9", HoldReason.SENSITIVE) == "p1"


async def test_a_split_undoes_exactly_the_merge(connection: Connection) -> None:
    names = ("onboarded_on", "separated_on", "appointments", "leaves", "merged_into", "aliases")
    before = [await published(connection, each) for each in ("p1", "p9")]
    await merges.merge(connection, OFFICE, "p9", "p1")
    await merges.split(connection, OFFICE, "p9")
    after = [await published(connection, each) for each in ("p1", "p9")]
    for was, now in zip(before, after, strict=True):
        assert [was[name] for name in names] == [now[name] for name in names]
    assert await actions(connection) == [
        ("person.merge", "person/p1"),
        ("person.split", "person/p1"),
    ]


async def test_a_merged_id_takes_its_aliases_along_and_a_split_gives_them_back(
    connection: Connection,
) -> None:
    await merges.merge(connection, OFFICE, "p9", "p1")
    await merges.merge(connection, OFFICE, "p1", "p2")
    assert (await published(connection, "p2"))["aliases"] == ["p1", "p9"]
    assert (await published(connection, "p9"))["merged_into"] == "p2"
    await merges.split(connection, OFFICE, "p1")
    assert (await published(connection, "p2"))["aliases"] == []
    assert (await published(connection, "p1"))["aliases"] == ["p9"]
    assert (await published(connection, "p9"))["merged_into"] == "p1"
    assert await departments(connection, "p1") == ["physics", "dean"]


@pytest.mark.parametrize(
    ("alias", "into", "why"),
    [
        ("p1", "p1", "into itself"),
        ("p77", "p1", "reported a person p77"),
        ("p2", "p9", "p9 is an alias: use p1"),
        ("p9", "p2", "p9 is an alias: use p1"),
    ],
)
async def test_a_merge_that_makes_no_sense_is_refused_with_the_id_to_use(
    connection: Connection, alias: str, into: str, why: str
) -> None:
    await merges.merge(connection, OFFICE, "p9", "p1")
    with pytest.raises(Refused, match=why):
        await merges.merge(connection, OFFICE, alias, into)


async def test_two_of_whom_one_is_on_hold_or_erased_are_not_merged(connection: Connection) -> None:
    await holds.hold(connection, OFFICE, "p1", HoldReason.OTHER)
    with pytest.raises(Refused, match="on hold"):
        await merges.merge(connection, OFFICE, "p9", "p1")
    await erasures.erase(connection, OFFICE, "p2")
    with pytest.raises(Refused, match="p2 is erased"):
        await merges.merge(connection, OFFICE, "p2", "p9")


async def test_who_is_no_alias_cannot_be_split(connection: Connection) -> None:
    with pytest.raises(Refused, match="p1 is not merged"):
        await merges.split(connection, OFFICE, "p1")


async def test_a_dry_run_shows_what_a_merge_would_publish_and_leaves_everything(
    connection: Connection,
) -> None:
    would = await merges.merge(connection, replace(OFFICE, dry_run=True), "p9", "p1")
    shown: Any = would.as_json()["people"]
    assert [(each["person_id"], each["merged_into"]) for each in shown] == [
        ("p1", None),
        ("p9", "p1"),
    ]
    assert (await published(connection, "p1"))["version"] == 1
    assert await waiting(connection) == []
    assert await actions(connection) == []


async def test_an_erased_person_is_nowhere_known_by_name_and_a_tombstone_says_so(
    connection: Connection,
) -> None:
    await report(connection, replace(ADA, contact=Contact("Ada King", "king@example.edu")))
    await connection.execute("DELETE FROM outbox")
    await erasures.erase(connection, OFFICE, "p1")
    for table in ("contact", "reported_contact", "former_contact"):
        found = await connection.fetchval(f"SELECT count(*) FROM {table} WHERE person_id = 'p1'")
        assert found == 0
    rows = await connection.fetch("SELECT aggregatetype, aggregateid, payload FROM outbox")
    assert [tuple(row) for row in rows] == [("roster.contact.v1", "p1", None)]
    assert await departments(connection, "p1") == ["physics"]


async def test_what_waits_of_a_file_and_what_scim_holds_is_emptied_too(
    connection: Connection,
) -> None:
    await connection.execute(
        "INSERT INTO import_person (import_id, position, person_id, facts, display_name, email)"
        " VALUES (gen_random_uuid(), 1, 'p1', '{}', 'Ada Lovelace', 'ada@example.edu')"
    )
    await connection.execute(
        "INSERT INTO scim_user (id, source, person_id, external_id, user_name_key, version,"
        " created_at, modified_at, reported_at, onboarded_on, member_of, spans, department_ids,"
        " resource, search) VALUES (gen_random_uuid(), 'identity', 'p1', 'p1', 'ada', 1, now(),"
        " now(), now(), '2020-01-15', '{}', '[]', '{}', '{\"userName\": \"ada\"}', '{}')"
    )
    await erasures.erase(connection, OFFICE, "p1")
    for table in ("import_person", "scim_user"):
        text = str([tuple(row) for row in await connection.fetch(f"SELECT * FROM {table}")])
        assert "p1" in text
        assert "ada" not in text.lower()


async def test_no_later_report_brings_an_erased_name_back_and_it_is_counted(
    connection: Connection,
) -> None:
    await erasures.erase(connection, OFFICE, "p1")
    await connection.execute("DELETE FROM outbox")
    done = await report(connection, moved(ADA, "dean"), replace(ADA, source="students"))
    assert done.counts["contacts_withheld"] == 2
    assert done.counts["contacts_changed"] == 0
    assert await departments(connection, "p1") == ["dean", "physics"]
    assert [each[0] for each in await waiting(connection)] == ["person.changed"]
    assert await connection.fetchval("SELECT count(*) FROM reported_contact") == 2


async def test_erasing_a_person_erases_every_alias(connection: Connection) -> None:
    await merges.merge(connection, OFFICE, "p9", "p1")
    assert (await erasures.erase(connection, OFFICE, "p9")).ids == ("p1", "p9")
    assert await connection.fetchval("SELECT count(*) FROM contact") == 1


async def test_erasures_are_said_again_after_a_restore_and_applied_here_too(
    connection: Connection,
) -> None:
    await erasures.erase(connection, OFFICE, "p1")
    await connection.execute("DELETE FROM outbox")
    await connection.execute(
        "INSERT INTO contact (person_id, version, effective_on, received_at, display_name)"
        " VALUES ('p1', 1, now(), now(), 'Ada Lovelace')"
    )
    assert await erasures.republish(connection, OFFICE) == 1
    assert await connection.fetchval("SELECT count(*) FROM contact WHERE person_id = 'p1'") == 0
    assert await connection.fetchval("SELECT count(*) FROM outbox WHERE payload IS NULL") == 1


async def pairs(connection: Connection, state: str = "open") -> list[tuple[str, str, str]]:
    found = await list_proposals(connection, state, 99)
    return [(each.person_id, each.other_id, each.cause) for each in found]


async def test_the_same_login_or_address_under_two_ids_is_proposed_and_nothing_merged(
    connection: Connection,
) -> None:
    same_login = replace(BEN, person_id="p3", contact=Contact("B.", None, "BEN"))
    same_address = replace(BEN, person_id="p4", contact=Contact("B.", "Ben@Example.edu", None))
    await report(connection, same_login, same_address)
    assert await pairs(connection) == [("p2", "p3", "login"), ("p2", "p4", "email")]
    assert (await published(connection, "p3"))["merged_into"] is None


async def test_an_address_that_many_share_is_nobodys_own(connection: Connection) -> None:
    shared = Contact("Somebody", "office@example.edu")
    await report(connection, *(replace(BEN, person_id=f"q{n}", contact=shared) for n in range(9)))
    assert await pairs(connection) == []


async def test_a_namesake_is_proposed_only_when_one_had_left_before_the_other_came(
    connection: Connection,
) -> None:
    namesake = replace(BEN, person_id="p3", contact=Contact("ben okri"))
    await report(connection, namesake)
    assert await pairs(connection) == []
    left = replace(HIRED, separated_on=date(2022, 6, 30))
    await report(connection, replace(BEN, facts=left))
    back = replace(HIRED, onboarded_on=date(2023, 8, 1))
    rehired = replace(namesake, person_id="p5", facts=back)
    await report(connection, rehired)
    assert await pairs(connection) == [("p2", "p5", "rehire")]


async def test_a_proposal_is_accepted_by_a_merge_and_declined_for_good(
    connection: Connection,
) -> None:
    double = replace(BEN, person_id="p3")
    triple = replace(BEN, person_id="p4", contact=Contact("B.", None, "ben"))
    await report(connection, double)
    await report(connection, triple)
    first, second, *_ = await list_proposals(connection, "open", 9)
    with pytest.raises(Refused, match="is about p2 and p3"):
        await proposals.accept(connection, OFFICE, first.id, "p1")
    await proposals.accept(connection, OFFICE, first.id, "p2")
    assert (await published(connection, "p3"))["merged_into"] == "p2"
    await proposals.decline(connection, OFFICE, second.id)
    with pytest.raises(Refused, match="declined already"):
        await proposals.accept(connection, OFFICE, second.id, "p2")
    with pytest.raises(Refused, match="no proposal 999"):
        await proposals.decline(connection, OFFICE, 999)
    await report(connection, replace(triple, contact=Contact("Benjamin", None, "ben")))
    assert ("p2", "p4", "login") not in await pairs(connection)


async def test_a_committee_seat_is_an_appointment_for_a_term_with_who_nominated(
    connection: Connection,
) -> None:
    seat = Seat("cod", date(2023, 9, 1), date(2025, 8, 31), "faculty-senate")
    seat_id = await committees.appoint(connection, OFFICE, "p1", seat)
    (held,) = [
        each
        for each in (await published(connection, "p1"))["appointments"]
        if each["kind"] == "committee_member"
    ]
    assert held["appointment_id"] == seat_id == "seat-1"
    assert (held["nominated_by"], held["ex_officio"]) == ("faculty-senate", False)
    assert (held["start_on"], held["end_on"]) == ("2023-09-01", "2025-08-31")
    assert await departments(connection, "p1") == ["physics", "cod"]


async def test_a_report_of_hr_leaves_the_seats_alone(connection: Connection) -> None:
    await committees.appoint(connection, OFFICE, "p1", Seat("cod", date(2023, 9, 1)))
    await report(connection, moved(ADA, "chemistry"))
    assert await departments(connection, "p1") == ["chemistry", "cod"]


async def test_an_ex_officio_seat_has_no_term_and_is_not_renewed_but_can_be_resigned(
    connection: Connection,
) -> None:
    seat_id = await committees.appoint(connection, OFFICE, "p1", Seat("cod", date(2023, 9, 1)))
    with pytest.raises(Refused, match="ex officio"):
        await committees.renew(connection, OFFICE, "p1", seat_id, date(2027, 8, 31))
    await committees.resign(connection, OFFICE, "p1", seat_id, date(2024, 1, 31))
    held = (await published(connection, "p1"))["appointments"][1]
    assert (held["end_on"], held["ex_officio"]) == ("2024-01-31", True)


async def test_a_renewal_is_a_term_of_its_own_behind_the_present_one(
    connection: Connection,
) -> None:
    seat = Seat("cod", date(2023, 9, 1), date(2025, 8, 31))
    seat_id = await committees.appoint(connection, OFFICE, "p1", seat)
    renewed = await committees.renew(connection, OFFICE, "p1", seat_id, date(2027, 8, 31))
    terms = [
        (each["appointment_id"], each["start_on"], each["end_on"])
        for each in (await published(connection, "p1"))["appointments"][1:]
    ]
    assert renewed == "seat-2"
    assert terms == [
        ("seat-1", "2023-09-01", "2025-08-31"),
        ("seat-2", "2025-09-01", "2027-08-31"),
    ]


async def test_a_seat_that_cannot_be_is_refused_with_what_was_expected(
    connection: Connection,
) -> None:
    backwards = Seat("cod", date(2023, 9, 1), date(2023, 8, 31))
    with pytest.raises(Refused, match="end_on must be a day not before start_on"):
        await committees.appoint(connection, OFFICE, "p1", backwards)
    with pytest.raises(Refused, match="p1 has no seat seat-7"):
        await committees.resign(connection, OFFICE, "p1", "seat-7", date(2024, 1, 1))
    with pytest.raises(Refused, match="reported a person p77"):
        await committees.appoint(connection, OFFICE, "p77", Seat("cod", date(2023, 9, 1)))
    assert await departments(connection, "p1") == ["physics"]


async def test_roles_are_published_whole_and_only_when_they_change(connection: Connection) -> None:
    assert await roles.grant(connection, OFFICE, "p1", RoleName.OFFICE)
    assert not await roles.grant(connection, OFFICE, "p1", RoleName.OFFICE)
    assert await roles.grant(connection, OFFICE, "p1", RoleName.AUDITOR)
    assert await list_roles(connection) == [("p1", ("auditor", "office"))]
    assert await roles.revoke(connection, OFFICE, "p1", RoleName.OFFICE)
    assert not await roles.revoke(connection, OFFICE, "p2", RoleName.OFFICE)
    assert await waiting(connection) == [("roles.changed", "p1", n) for n in (1, 2, 3)]
    assert [each for each, _ in await actions(connection)] == [
        "role.grant",
        "role.grant",
        "role.revoke",
    ]
    with pytest.raises(Refused, match="id must be"):
        await roles.grant(connection, OFFICE, "a@b.c", RoleName.OFFICE)
