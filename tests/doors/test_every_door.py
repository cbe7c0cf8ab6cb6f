"""Whatever door facts come through, in whatever order and however often: one roster.

What a door cannot say is no matter of order, and is kept out of it here: SCIM says things at the
instant it says them, no last day but the one its write is true from, and no separation undone.
"""

import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chassis.postgres import Connection, open_pool
from doors.telling import Doors
from rollout.domain import decide
from rollout.store.facts import person_of
from roster.domain import Appointment, Contact, Facts, Leave, LeaveKind, Report
from roster.settings import RosterSettings
from support.databases import Database
from support.runtimes import TOKEN
from support.training import AREAS, shipped

DoorName = Literal["delta", "full", "scim", "kafka"]
DOORS: tuple[DoorName, ...] = ("delta", "full", "scim", "kafka")

EXAMPLES = 12
PEOPLE = 2
SAID = datetime(2023, 8, 1, 12, tzinfo=UTC)
LATER = datetime(2024, 5, 1, 12, tzinfo=UTC)
KINDS = ("staff", "faculty", "fellow", "graduate_student", "undergraduate", "affiliate")
NUMBERS = itertools.count(1)
DAYS = (date(2023, 9, 1), date(2023, 10, 16), date(2024, 1, 22), date(2024, 4, 2))


@pytest.fixture
async def connection(database: Callable[[str], Awaitable[Database]]) -> AsyncIterator[Connection]:
    pool = await open_pool((await database("roster")).app_dsn, name="doors-test")
    async with pool.acquire() as connection:
        yield connection
    await pool.close()


def days(first: str, last: str) -> st.SearchStrategy[date]:
    return st.dates(date.fromisoformat(first), date.fromisoformat(last))


@st.composite
def appointments(draw: st.DrawFn, number: int) -> Appointment:
    kind = draw(st.sampled_from(KINDS))
    start_on = draw(days("2019-09-01", "2023-12-01"))
    return Appointment(
        f"a{number}",
        kind,
        draw(st.booleans()),
        draw(st.sampled_from(sorted(AREAS))),
        start_on,
        draw(st.none() | st.dates(start_on, date(2024, 6, 30))),
        draw(st.integers(1, 6)) if kind.endswith("graduate_student") else None,
        draw(st.none() | st.just("p9")),
    )


@st.composite
def leaves(draw: st.DrawFn) -> tuple[Leave, ...]:
    kind = draw(st.none() | st.sampled_from(LeaveKind))
    if kind is None:
        return ()
    start_on = draw(days("2023-09-01", "2024-03-01"))
    return (Leave(kind, start_on, draw(st.none() | st.dates(start_on, date(2024, 6, 30)))),)


@st.composite
def reports(draw: st.DrawFn, number: int, place: int) -> Report:
    """What the source says of one person the `place`-th time."""
    effective_on = draw(days("2023-06-01", "2024-03-31"))
    onboarded_on = draw(days("2019-09-01", "2023-05-31"))
    count = draw(st.integers(1, 2))
    return Report(
        f"p{number}",
        Facts(
            onboarded_on,
            draw(st.none() | st.just(effective_on) | st.dates(effective_on, date(2024, 6, 30))),
            tuple(draw(appointments(each)) for each in range(count)),
            draw(leaves()),
        ),
        Contact(
            draw(st.sampled_from(("Ada Lovelace", "Ada King", "山田 太郎", "O'Brien, Jr."))),
            draw(st.sampled_from(("one@example.edu", "two@example.edu"))),
            f"login{number}",
        ),
        effective_on=effective_on,
        reported_at=SAID + timedelta(days=7 * place, hours=number),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[list[Report]]:
    """By person, what is said of them, the first said first."""
    return [
        [draw(reports(number, place)) for place in range(draw(st.integers(1, 4)))]
        for number in range(PEOPLE)
    ]


@dataclass(frozen=True)
class Told:
    """One delivery: through a door, some reports."""

    door: DoorName
    reports: tuple[Report, ...]


@st.composite
def deliveries(draw: st.DrawFn, history: list[list[Report]]) -> list[Told]:
    """All of a history, split over the doors, some of it repeated, in any order.

    What goes through SCIM is in the order in which it was said: that is when it is written.
    """
    by_scim = {id(each) for own in history for each in _fitting_scim(own) if draw(st.booleans())}
    loose = [each for own in history for each in own if id(each) not in by_scim]
    again = [draw(st.sampled_from(loose)) for _ in range(draw(st.integers(0, 2)))] if loose else []
    told = [Told(draw(st.sampled_from(("delta", "kafka"))), (each,)) for each in [*loose, *again]]
    if draw(st.booleans()):
        told.append(Told("full", tuple(draw(st.sampled_from(own)) for own in history)))
    scim = sorted(
        (each for own in history for each in own if id(each) in by_scim),
        key=lambda each: each.reported_at or SAID,
    )
    twice = [e for each in scim for e in ([each, each] if draw(st.booleans()) else [each])]
    return _joined(draw, draw(st.permutations(told)), [Told("scim", (each,)) for each in twice])


def _joined(draw: st.DrawFn, told: Sequence[Told], scim: list[Told]) -> list[Told]:
    """The one sequence shuffled into the other, each in its own order."""
    places = sorted(draw(st.integers(0, len(told))) for _ in scim)
    mixed = list(told)
    for place, each in reversed(list(zip(places, scim, strict=True))):
        mixed.insert(place, each)
    return mixed


def _fitting_scim(own: Sequence[Report]) -> Iterator[Report]:
    """The reports that SCIM can say, given those of them that it said before."""
    before: Report | None = None
    for each in own:
        fits = each.facts.separated_on in {None, each.effective_on}
        gone = before is not None and before.facts.separated_on is not None
        same_day = before is not None and before.effective_on == each.effective_on
        if fits and not gone and not same_day:
            before = each
            yield each


async def tell(doors: Doors, told: Sequence[Told], prefix: str) -> None:
    for each in told:
        own = [replace(report, person_id=prefix + report.person_id) for report in each.reports]
        if each.door == "scim":
            await doors.user(own[0])
        elif each.door == "kafka":
            await doors.records(own)
        else:
            await doors.file(own, LATER, whole=each.door == "full")


async def published(connection: Connection, prefix: str) -> dict[str, Any]:
    """By person, all that was published last, apart from versions and times of receipt.

    The day of a contact is that of whichever report brought it first, and says nothing more.
    """
    rows = await connection.fetch(
        """
        SELECT DISTINCT ON (aggregatetype, subject) aggregatetype, subject, payload FROM outbox
        WHERE strpos(subject, $1) > 0 ORDER BY aggregatetype, subject, sequence DESC
        """,
        prefix,
    )
    return {
        f"{row['aggregatetype']} {row['subject']}".replace(prefix, ""): {
            name: value
            for name, value in json.loads(row["payload"].decode().replace(prefix, "")).items()
            if name not in {"version", "received_at"}
            and (row["aggregatetype"], name) != ("roster.contact.v1", "effective_on")
        }
        for row in rows
    }


def decisions(state: dict[str, Any]) -> list[Any]:
    """What the cycle makes of the newest version, on a few days."""
    person = person_of({"version": 1, "received_at": "2023-09-01T12:00:00Z", **state})
    made = [decide((person,), AREAS, shipped(), day) for day in DAYS]
    return [(each.outcome, each.rule, each.group, each.department_ids) for each in made]


JOB = Appointment("a1", "staff", True, "d-hr", date(2020, 1, 15))
HIRED = Report(
    "p1",
    Facts(date(2020, 1, 15), appointments=(JOB,)),
    Contact("Ada Lovelace", "ada@example.edu", "ada"),
    effective_on=date(2023, 7, 1),
    reported_at=SAID,
)


def feed(connection: Connection, source: str = "hr") -> Doors:
    roster = RosterSettings(
        database_url="postgresql://unused", kafka_bootstrap="unused:1", machine_token=TOKEN
    )
    return Doors(connection, roster, source)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # on a real database, shrinking is slow
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=histories(), data=st.data())
async def test_any_order_repetition_and_split_over_the_doors_makes_the_same_roster(
    connection: Connection, history: list[list[Report]], data: st.DataObject
) -> None:
    found = []
    plain = [Told("delta", (each,)) for own in history for each in own]
    for told in (plain, data.draw(deliveries(history))):
        prefix = f"x{next(NUMBERS)}-"
        await tell(feed(connection, f"feed-{prefix[:-1]}"), told, prefix)
        found.append(await published(connection, prefix))
    assert found[0] == found[1]
    people = [name for name in found[0] if name.startswith("roster.person.v1")]
    assert len(people) == PEOPLE
    assert [decisions(found[0][each]) for each in people] == [
        decisions(found[1][each]) for each in people
    ]


async def test_a_write_over_scim_that_is_sent_again_says_nothing_new(
    connection: Connection,
) -> None:
    moved = replace(HIRED.facts, appointments=(replace(JOB, department_id="d-csail"),))
    later = SAID + timedelta(days=7)
    transfer = replace(HIRED, facts=moved, effective_on=date(2023, 8, 7), reported_at=later)
    doors = feed(connection)
    await tell(doors, [Told("scim", (HIRED,)), Told("scim", (transfer,))], "q-")
    told = await published(connection, "q-")
    await tell(doors, [Told("scim", (transfer,))], "q-")
    assert await published(connection, "q-") == told
    assert told["roster.person.v1 p1"]["effective_on"] == "2023-08-07"


async def test_every_door_says_the_same_of_one_person(connection: Connection) -> None:
    away = replace(HIRED.facts, leaves=(Leave(LeaveKind.MEDICAL, date(2023, 10, 2)),))
    found = []
    for door in DOORS:
        await tell(feed(connection), [Told(door, (replace(HIRED, facts=away),))], f"{door}-")
        found.append(await published(connection, f"{door}-"))
    assert found == found[:1] * len(DOORS)
    person, contact = found[0]["roster.person.v1 p1"], found[0]["roster.contact.v1 p1"]
    assert person["leaves"] == [{"start_on": "2023-10-02", "end_on": None, "pauses": True}]
    assert [each["department_id"] for each in person["appointments"]] == ["d-hr"]
    assert (contact["email"], contact["login"]) == ("ada@example.edu", "ada")
