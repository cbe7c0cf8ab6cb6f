"""One human is shown once, one on hold nowhere, and of a leave there is nothing to see."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest

from schemas.envelope import Event
from support.reporting import (
    CYCLE,
    MACHINE,
    MIDNIGHT,
    RECEIVED,
    Reporting,
    University,
    populate,
)

NEXT_MIDNIGHT = MIDNIGHT + timedelta(days=1)
DAY_AFTER = MIDNIGHT + timedelta(days=2)


@pytest.fixture
async def campus(reporting: Reporting) -> Reporting:
    await populate(reporting)
    return reporting


async def edition(campus: Reporting, department: str, on: str) -> list[str]:
    answer = await campus.client.get(f"/editions/{on}/{department}", headers=MACHINE)
    assert answer.status_code == 200, answer.text
    return answer.text.splitlines()[1:]


def the_merge(university: University) -> dict[str, Event]:
    """a1 goes into ab: what is published of it, in whatever order."""
    return {
        "person": university.person("a1", version=2, merged_into="ab"),
        "alias": university.obligation("a1", version=2, status="not_in_scope", rule="merged"),
        "survivor": university.obligation(
            "ab",
            *("alpha", "beta"),
            version=2,
            status="completed",
            option="A",
            completed_at=RECEIVED,
            merged_from=("a1",),
        ),
    }


@pytest.mark.parametrize("heard", [1, 2, 3])
async def test_from_the_first_word_of_a_merge_on_the_alias_is_in_no_edition(
    campus: Reporting, university: University, heard: int
) -> None:
    events = the_merge(university)
    before = await edition(campus, "alpha", "2023-10-02")
    night = NEXT_MIDNIGHT
    for number, order in enumerate(permutations(events)):
        if number:
            # As if nothing had been heard of it: what counts is each order from the start.
            async with campus.runtime.pool.acquire() as connection:
                await connection.execute(
                    "UPDATE person SET version = 1, merged_into = NULL WHERE person_id = 'a1'"
                )
                await connection.execute(
                    "UPDATE obligation SET version = 1, merged_from = '{}', status = 'completed', "
                    "rule = 'paid_staff', department_ids = '{alpha}' WHERE person_id = 'a1'"
                )
                await connection.execute(
                    "UPDATE obligation SET version = 1, merged_from = '{}', status = 'overdue' "
                    "WHERE person_id = 'ab'"
                )
        await campus.take(*(events[each] for each in order[:heard]))
        await campus.step(night)
        on = (night - timedelta(days=1)).date().isoformat()
        rows = await edition(campus, "alpha", on)
        assert [row.split(",")[0] for row in rows] == ["ab"], order[:heard]
        night += timedelta(days=1)

    assert await edition(campus, "alpha", "2023-10-02") == before


async def test_the_survivor_is_counted_once_and_marked_only_as_what_it_says_has_changed(
    campus: Reporting, university: University
) -> None:
    await campus.take(*the_merge(university).values())
    await campus.step(NEXT_MIDNIGHT)
    await campus.sign_in("officer", "officer-alpha")
    newest = await campus.page("/departments/alpha")
    assert "Canary Alpha" not in newest
    assert len(re.findall(r"Canary Both", newest)) == 1
    figures = (await campus.client.get(f"/figures/{CYCLE}", headers=MACHINE)).json()
    (pilot,) = [row for row in figures if row["group"] == "pilot"]
    # b1 is exempt, and was released: it counts there as before.
    assert (pilot["required"], pilot["released"], pilot["done"], pilot["mails"]) == (1, 2, 1, 1)


async def test_a_persons_page_under_the_alias_is_the_survivors(
    campus: Reporting, university: University
) -> None:
    await campus.take(*the_merge(university).values())
    await campus.sign_in("person", "ab")
    own = await campus.page("/me")
    await campus.sign_in("person", "a1")
    other = await campus.page("/me")

    for page in (own, other):
        assert "You have completed this requirement" in page
        assert "Canary Both ab" in page
        assert "Your training is open" in page, "what was sent to the alias"
        assert "LBGTQ+ 101" in page


async def test_a_split_shows_both_again_and_changes_no_edition_before(
    campus: Reporting, university: University
) -> None:
    await campus.take(*the_merge(university).values())
    await campus.step(NEXT_MIDNIGHT)
    merged = await edition(campus, "alpha", "2023-10-03")
    await campus.take(
        university.person("a1", version=3),
        university.obligation("a1", "alpha", version=3, status="completed", completed_at=RECEIVED),
        university.obligation("ab", "alpha", "beta", version=3, status="overdue"),
    )
    await campus.step(DAY_AFTER)

    rows = await edition(campus, "alpha", "2023-10-04")
    assert [row.split(",")[:2] for row in rows] == [["a1", "completed"], ["ab", "overdue"]]
    assert await edition(campus, "alpha", "2023-10-03") == merged
    await campus.sign_in("person", "a1")
    assert "Canary Alpha a1" in await campus.page("/me")


@pytest.mark.parametrize("told_by", ["person", "obligation"])
async def test_a_hold_leaves_no_trace_when_it_begins_and_none_when_it_ends(
    campus: Reporting, university: University, told_by: str
) -> None:
    if told_by == "person":
        await campus.take(university.person("ab", version=2, hold=True))
    else:
        await campus.take(university.obligation("ab", "alpha", "beta", version=2, hold=True))
    await campus.step(NEXT_MIDNIGHT)
    assert await edition(campus, "alpha", "2023-10-03") == [
        row for row in await edition(campus, "alpha", "2023-10-02") if not row.startswith("ab,")
    ]
    await campus.sign_in("officer", "officer-alpha")
    during = await campus.page("/departments/alpha")
    assert "Canary Both" not in during
    assert "restated" not in during.lower()
    assert "hold" not in re.sub(r"<[^>]*>", " ", during).lower()
    await campus.sign_in("person", "ab")
    assert "Nothing is asked of you at present" in await campus.page("/me")

    back = university.obligation(
        "ab", "alpha", "beta", version=3, status="released", due_on=date(2023, 10, 20)
    )
    await campus.take(university.person("ab", version=3), back)
    await campus.step(DAY_AFTER)
    await campus.sign_in("officer", "officer-alpha")
    after = await campus.page("/departments/alpha")
    assert "Canary Both" in after
    assert "restated" not in after.lower()


async def test_a_paused_obligation_is_reported_as_released_and_explained_to_its_person_alone(
    campus: Reporting, university: University
) -> None:
    away = {"status": "released", "due_on": date(2023, 10, 20)}
    await campus.take(university.obligation("ab", "alpha", version=2, paused=True, **away))
    await campus.step(NEXT_MIDNIGHT)
    assert "ab,released,pilot,2023-09-12,2023-10-20," in await edition(
        campus, "alpha", "2023-10-03"
    )
    await campus.sign_in("officer", "officer-alpha")
    page = await campus.page("/departments/alpha")
    (row,) = [row for row in re.findall(r"(?s)<tr.*?</tr>", page) if "Canary Both" in row]
    assert not {"paused", "leave", "away", "hold"} & set(re.findall(r"\w+", row.lower()))
    await campus.sign_in("person", "ab")
    own = await campus.page("/me")
    assert "on hold while you are away" in own
    assert "Please complete" not in own

    back = university.obligation(
        "ab", "alpha", version=3, status="released", due_on=date(2023, 10, 27), resumed=1
    )
    mail = university.mail("ab", "back_from_leave")
    await campus.take(back, mail)
    own = await campus.page("/me")
    assert "Please complete" in own
    assert re.search(r"27 Oct|Oct\w* 27", own)
    assert "Welcome back" in own


async def test_an_erasure_said_again_erases_again_and_counts_stay(
    campus: Reporting, university: University
) -> None:
    before = await edition(campus, "alpha", "2023-10-02")
    for version in (2, 3):
        await campus.take(university.contact("ab", version=version, display_name="Canary Both"))
        await campus.erase("ab")
        await campus.sign_in("officer", "officer-alpha")
        page = await campus.page("/departments/alpha")
        assert "Canary Both" not in page
        assert "erased person" in page
    async with campus.runtime.pool.acquire() as connection:
        (row,) = await connection.fetch(
            "SELECT display_name, login FROM contact WHERE person_id = 'ab'"
        )
    assert tuple(row) == (None, None)
    await campus.step(datetime(2023, 10, 4, 4, tzinfo=UTC))
    assert await edition(campus, "alpha", "2023-10-03") == before
