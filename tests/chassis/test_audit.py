"""The audit's chain: what is added stays, and whatever is done to it behind its back is found."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis import audit
from chassis.audit import EMPTY, Check, Entry, Head, Refused, Verdict
from support.databases import Database

NewDatabase = Callable[[str], Awaitable[Database]]
AT = datetime(2023, 10, 2, 13, tzinfo=UTC)
MERGE: dict[str, Any] = {
    "at": AT,
    "actor": "900001",
    "action": "person.merge",
    "subject": "person/900123",
    "reason": "Two accounts of one employee",
    "details": {"into": "900124", "appointments": 3, "kept": ["a-1", "a-2"], "held": False},
}


@pytest.fixture
async def place(database: NewDatabase) -> Database:
    return await database("chassis")


@pytest.fixture
async def app(place: Database) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(place.app_dsn)
    yield connection
    await connection.close()


async def added(connection: Any, **changes: Any) -> Head:
    async with connection.transaction():
        return await audit.record(connection, **(MERGE | changes))


async def stored(connection: Any) -> list[Entry]:
    return (await audit.entries(connection, limit=1_000))[::-1]


def verdict(entries: list[Entry], anchor: Head | None = None) -> Verdict:
    check = Check(anchor)
    for entry in entries:
        check.take(entry)
    return check.end()


def chain(contents: list[dict[str, Any]]) -> list[Entry]:
    """A sound chain, as `record` makes it."""
    entries: list[Entry] = []
    for seq, content in enumerate(contents, 1):
        entry = Entry(seq=seq, hash=b"", **content)
        previous = entries[-1].hash if entries else EMPTY.hash
        entries.append(replace(entry, hash=entry.hash_after(previous)))
    return entries


async def test_entries_are_numbered_from_one_without_a_gap_and_read_back_as_they_were(
    app: Any,
) -> None:
    heads = [await added(app, subject=f"person/{number}") for number in (1, 2, 3)]
    entries = await stored(app)
    assert [entry.seq for entry in entries] == [1, 2, 3]
    assert [Head(entry.seq, entry.hash) for entry in entries] == heads
    assert entries[0].content() == {
        **MERGE,
        "seq": 1,
        "at": "2023-10-02T13:00:00.000000Z",
        "subject": "person/1",
    }
    assert await audit.verify(app) == Verdict(heads[-1])
    assert await audit.head(app) == heads[-1]


async def test_a_stranger_can_recompute_the_chain_from_the_documentation(app: Any) -> None:
    await added(app, reason="Zoë's second account")
    await added(app, at=AT.astimezone(timezone(timedelta(hours=-5))), reason=None, details=None)
    previous = bytes(32)
    for row in await app.fetch("SELECT * FROM audit_entry ORDER BY seq"):
        content = dict(row) | {
            "at": row["at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "details": json.loads(row["details"]),
        }
        del content["hash"]
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        previous = hashlib.sha256(previous + text.encode()).digest()
        assert row["hash"] == previous


async def test_an_empty_chain_is_sound(app: Any) -> None:
    assert await audit.verify(app) == Verdict(EMPTY)
    assert await audit.verify(app, EMPTY) == Verdict(EMPTY)


async def test_an_entry_goes_when_the_transaction_it_is_about_goes(app: Any) -> None:
    await added(app)
    transaction = app.transaction()
    await transaction.start()
    await audit.record(app, **MERGE)
    await transaction.rollback()
    assert (await added(app)).seq == 2
    assert (await audit.verify(app)).sound


async def test_an_entry_without_a_transaction_is_a_mistake(app: Any) -> None:
    with pytest.raises(RuntimeError):
        await audit.record(app, **MERGE)


async def test_many_at_once_make_one_dense_chain(place: Database) -> None:
    pool = await asyncpg.create_pool(place.app_dsn, min_size=8, max_size=8)

    async def one(number: int) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await audit.record(connection, **(MERGE | {"subject": f"person/{number}"}))
            if number % 5 == 0:
                await audit.record(connection, **(MERGE | {"action": "person.hold"}))

    try:
        await asyncio.gather(*(one(number) for number in range(40)))
        entries = await stored(pool)
        assert [entry.seq for entry in entries] == list(range(1, 49))
        assert len({entry.subject for entry in entries}) == 41
        async with pool.acquire() as connection:
            assert (await audit.verify(connection)).sound
    finally:
        await pool.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor = 'nobody'",
        "UPDATE audit_entry SET actor = 'nobody' WHERE false",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "INSERT INTO audit_entry SELECT * FROM audit_entry"
        " ON CONFLICT (seq) DO UPDATE SET actor = 'nobody'",
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_entry_stays ON audit_entry",
    ],
)
async def test_the_app_role_can_only_add_and_read(app: Any, statement: str) -> None:
    await added(app)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor = 'nobody'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
    ],
)
async def test_even_the_owning_role_is_refused_until_it_takes_the_trigger_away(
    app: Any, place: Database, statement: str
) -> None:
    head = await added(app)
    owner = await asyncpg.connect(place.owner_dsn)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="never changed or removed"):
            await owner.execute(statement)
        await owner.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_stays")
        await owner.execute(statement)
        found = await audit.verify(owner, head)
        assert found.broken == 1
    finally:
        await owner.close()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("actor", "Ada Lovelace"),
        ("actor", "ada@example.edu"),
        ("actor", ""),
        ("actor", "a" * 65),
        ("actor", "ada\nroot"),
        ("action", "Person.Merge"),
        ("action", "merge them"),
        ("subject", "900123"),
        ("subject", "person/ada@example.edu"),
        ("subject", "person/Ada Lovelace"),
        ("reason", ""),
        ("reason", "   "),
        ("reason", "asked by ada@example.edu"),
        ("reason", "two\nlines"),
        ("reason", "\ud800"),
        ("reason", "x" * 501),
        ("details", {"name": "Ada Lovelace"}),
        ("details", {"mail": "ada@example.edu"}),
        ("details", {"Ada Lovelace": 1}),
        ("details", {"of": ["900123", "ada@example.edu"]}),
        ("details", {"nested": {"of": 1}}),
        ("details", {"nested": [["x"]]}),
        ("details", {"share": 0.5}),
        ("details", {"many": ["x" * 100] * 100}),
    ],
)
async def test_what_could_name_somebody_or_is_no_code_is_refused(
    app: Any, field: str, value: Any
) -> None:
    with pytest.raises(Refused):
        await added(app, **{field: value})
    assert await audit.head(app) == EMPTY


async def test_an_instant_without_a_zone_is_refused(app: Any) -> None:
    with pytest.raises(ValueError, match="zone"):
        await added(app, at=AT.replace(tzinfo=None))


async def test_entries_are_found_by_subject_actor_and_day(app: Any) -> None:
    await added(app, subject="person/1", actor="a", at=AT)
    await added(app, subject="person/1", actor="b", at=AT + timedelta(days=1))
    await added(app, subject="person/2", actor="b", at=AT + timedelta(days=2))

    async def seqs(**wanted: Any) -> list[int]:
        return [entry.seq for entry in await audit.entries(app, **wanted)]

    assert await seqs(subject="person/1") == [2, 1]
    assert await seqs(actor="b") == [3, 2]
    assert await seqs(since=AT + timedelta(days=1)) == [3, 2]
    assert await seqs(actor="b", subject="person/1", since=AT) == [2]
    assert await seqs(limit=1) == [3]
    assert await seqs(subject="person/none") == []


def test_a_head_is_written_and_read() -> None:
    head = Head(17, bytes(range(32)))
    assert Head.parse(f" {head}\n") == head
    assert Head.parse(str(EMPTY)) == EMPTY
    for text in ("", "17", "17:", "17:abc", f"-1:{'0' * 64}", f"017:{'0' * 64}", f"x:{'0' * 64}"):
        with pytest.raises(ValueError, match="SEQ:HASH"):
            Head.parse(text)


codes = st.sampled_from(["a", "b", "person/900123", "person.merge", "2023-10-02", "x" * 20])
scalars = st.one_of(codes, st.integers(), st.booleans(), st.none())
contents = st.fixed_dictionaries(
    {
        "at": st.datetimes(timezones=st.just(UTC)),
        "actor": codes,
        "action": codes,
        "subject": codes,
        "reason": st.none() | st.text(max_size=20),
        "details": st.dictionaries(codes, scalars | st.lists(scalars, max_size=3), max_size=3),
    }
)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
chains = st.lists(contents, min_size=1, max_size=8).map(chain)


def written(entry: Entry) -> str:
    return json.dumps(entry.as_json(), sort_keys=True)


@unhurried
@given(chains)
def test_a_chain_left_alone_is_sound_under_every_head_it_ever_had(entries: list[Entry]) -> None:
    for entry in entries:
        assert verdict(entries, Head(entry.seq, entry.hash)).sound


@unhurried
@given(chains, contents, st.data())
def test_any_change_of_one_field_is_found_in_that_entry(
    entries: list[Entry], other: dict[str, Any], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(entries) - 1))
    field = data.draw(st.sampled_from([*other, "hash"]))
    other["hash"] = hashlib.sha256(entries[at].hash).digest()
    before = entries[at]
    entries[at] = replace(before, **{field: other[field]})
    unchanged = written(before) == written(entries[at])
    assert verdict(entries).broken == (None if unchanged else at + 1)


@unhurried
@given(chains, st.data())
def test_any_entry_taken_out_is_missed(entries: list[Entry], data: st.DataObject) -> None:
    head = Head(entries[-1].seq, entries[-1].hash)
    at = data.draw(st.integers(0, len(entries) - 1))
    del entries[at]
    assert verdict(entries, head).broken == at + 1
    renumbered = [replace(entry, seq=seq) for seq, entry in enumerate(entries, 1)]
    assert verdict(renumbered, head).broken == at + 1


@unhurried
@given(chains.filter(lambda entries: len(entries) > 1), st.data())
def test_any_two_entries_exchanged_are_found(entries: list[Entry], data: st.DataObject) -> None:
    places = st.integers(0, len(entries) - 1)
    one, two = sorted(data.draw(st.tuples(places, places).filter(lambda p: p[0] != p[1])))
    entries[one], entries[two] = (
        replace(entries[two], seq=one + 1),
        replace(entries[one], seq=two + 1),
    )
    assert verdict(entries).broken == one + 1


@unhurried
@given(chains, st.data())
def test_a_tail_cut_off_or_rewritten_is_found_by_a_head_noted_before(
    entries: list[Entry], data: st.DataObject
) -> None:
    head = Head(entries[-1].seq, entries[-1].hash)
    kept = data.draw(st.integers(0, len(entries) - 1))
    assert verdict(entries[:kept], head).broken == kept + 1
    fields = [{name: getattr(e, name) for name in MERGE} for e in entries]
    fields[kept]["actor"] += "x"
    rewritten = chain(fields)
    assert verdict(rewritten).sound  # which is why heads are noted elsewhere
    assert verdict(rewritten, head).broken == head.seq


@unhurried
@given(chains, contents)
def test_an_entry_added_by_hand_needs_the_right_hash(
    entries: list[Entry], more: dict[str, Any]
) -> None:
    entries.append(Entry(seq=len(entries) + 1, hash=bytes(32), **more))
    assert verdict(entries).broken == len(entries)
