"""The recount's reading of leaves, holds, merges and splits: 0002, 13 and 14, and 0006, 6."""

import json
from pathlib import Path

import pytest

from recount.facts import read_imports
from recount.knowledge import knowledge
from recount.office import Act, Office
from recount.recompute import Lives
from recount_tests.people import (
    CYCLE,
    LOADED,
    PERSON,
    course,
    done,
    facts_of,
    job,
    learned,
    mails,
    moment,
    reminders,
    story,
    told,
)

# The own day in the pilot of 900000001 is 19 September and of 900000003 11 September; the pilot
# is due on 6 October.
OTHER = "900000003"
MINE = told(job("staff", "hr"))
THEIRS = told(job("staff", "hr", name="t"), person_id=OTHER)
PEOPLE_HEADER = (
    "person_id,login,email,display_name,onboarded_on,separated_on,effective_on,appointment_id,"
    "kind,paid,department_id,start_on,end_on,year_of_study,supervisor_id,leave_kind,"
    "leave_start_on,leave_end_on\n"
)


def merged(at: str) -> Act:
    return done(at, "merge", OTHER, PERSON)


def test_a_leave_pauses_and_gives_back_what_was_left() -> None:
    away = told(job("staff", "hr"), away=[("2023-09-28", "2023-10-20")])
    lived = course(away, until="2023-11-06T12:00")
    assert story(lived) == [
        "2023-09-01 scheduled pilot None None",
        "2023-09-19 released pilot 2023-09-19 2023-10-06",
        "2023-10-21 released pilot 2023-09-19 2023-11-04",
        "2023-11-05 overdue pilot 2023-09-19 2023-11-04",
    ]
    assert reminders(lived) == [
        "2023-09-22 reminder 1",
        "2023-10-30 reminder 2",
        "2023-11-03 due_soon 1",
        "2023-11-06 overdue 1",
    ]
    assert mails(lived)[2] == "back_from_leave 1"


def test_nobody_is_released_while_on_leave() -> None:
    away = told(job("staff", "hr"), away=[("2023-09-18", "2023-10-06")])
    assert story(course(away, until="2023-10-12T00:00")) == [
        "2023-09-01 scheduled pilot None None",
        "2023-10-10 released pilot 2023-10-10 2023-10-24",
    ]


def test_a_completion_on_leave_is_in_time() -> None:
    away = told(job("staff", "hr"), away=[("2023-09-28", None)])
    finished = [learned("2023-11-20T08:30", "2023-11-19T12:00")]
    assert course(away, completions=finished).last.status == "completed"
    assert course(MINE, completions=finished).last.status == "completed_late"


def test_a_leave_told_of_afterwards_gives_notice_from_then() -> None:
    later = told(job("staff", "hr"), at="2023-11-01T12:00", away=[("2023-10-02", "2023-10-20")])
    lived = course(MINE, later, until="2023-11-10T00:00")
    assert story(lived)[-1] == "2023-11-02 released pilot 2023-09-19 2023-11-16"


def test_a_hold_is_in_no_edition_and_asks_nothing() -> None:
    acts = [done("2023-09-25T09:30", "hold"), done("2023-10-16T09:30", "lift")]
    lived = course(MINE, acts=acts, until="2023-10-20T00:00")
    assert story(lived) == [
        "2023-09-01 scheduled pilot None None",
        "2023-09-19 released pilot 2023-09-19 2023-10-06",
        "2023-09-25 -",
        "2023-10-16 released pilot 2023-09-19 2023-10-30",
    ]
    assert reminders(lived) == ["2023-09-22 reminder 1"]


def test_a_completion_on_hold_is_confirmed_when_the_hold_is_lifted() -> None:
    acts = [done("2023-09-25T09:30", "hold"), done("2023-10-16T09:30", "lift")]
    words = [learned("2023-09-27T08:30", "2023-09-26T12:00")]
    before = course(MINE, acts=acts, completions=words, until="2023-10-10T00:00")
    after = course(MINE, acts=acts, completions=words, until="2023-10-20T00:00")
    assert "confirmation 1" not in mails(before)
    assert mails(after)[-1] == "confirmation 1"


def test_a_merge_takes_the_earlier_release_and_what_was_sent() -> None:
    acts = [merged("2023-09-22T09:30")]
    lived = course(MINE, THEIRS, acts=acts, until="2023-10-11T00:00")
    assert story(lived)[-2:] == [
        "2023-09-22 released pilot 2023-09-11 2023-10-06",
        "2023-10-07 overdue pilot 2023-09-11 2023-10-06",
    ]
    assert mails(lived) == ["release 1", "reminder 1", "reminder 2", "due_soon 1", "overdue 1"]
    alias = course(MINE, THEIRS, acts=acts, of=OTHER)
    assert (alias.last.status, alias.last.rule) == ("not_in_scope", "merged")
    assert mails(alias) == ["release 1", "reminder 1"]


def test_before_the_release_a_merge_leaves_one_release_and_one_mail() -> None:
    acts = [merged("2023-09-13T09:30")]
    lived = course(MINE, THEIRS, acts=acts, until="2023-09-25T00:00")
    assert lived.released is None
    assert str(lived.last.released_on) == "2023-09-11"
    assert mails(lived) == ["reminder 1"]


def test_a_completion_under_the_alias_counts_and_goes_with_it_again() -> None:
    words = {OTHER: [learned("2023-09-25T08:30", "2023-09-24T12:00")]}
    acts = [merged("2023-09-22T09:30"), done("2023-10-02T09:30", "split", OTHER)]
    one = course(MINE, THEIRS, completions=words, acts=acts)
    other = course(MINE, THEIRS, completions=words, acts=acts, of=OTHER)
    assert story(one)[2:5] == [
        "2023-09-22 released pilot 2023-09-11 2023-10-06",
        "2023-09-25 completed pilot 2023-09-11 2023-10-06",
        "2023-10-02 released pilot 2023-09-19 2023-10-16",
    ]
    assert (other.last.status, other.last.option) == ("completed", "A")


def test_the_records_of_all_ids_are_composed_into_one() -> None:
    mine = told(job("staff", "hr"), away=[("2023-11-01", None)])
    theirs = told(
        job("graduate_student", "lab", year=4),
        job("staff", "lab", name="x", start="2021-01-01"),
        person_id=OTHER,
        onboarded="2016-09-01",
        separated="2023-06-30",
        away=[("2022-02-01", "2022-03-01")],
    )
    facts = facts_of(mine, theirs, acts=[merged("2023-09-22T09:30")])
    last = knowledge(facts, PERSON, CYCLE)[-1]
    version = last.version
    assert {a.appointment_id: str(a.end_on) for a in version.appointments} == {
        "1": "None",
        f"hr/{OTHER}.1": "2023-06-30",
        "x": "2023-06-30",
    }
    assert (str(version.onboarded_on), version.separated_on) == ("2016-09-01", None)
    assert last.years[f"hr/{OTHER}.1"] == 4
    assert len(version.leaves) == 2
    assert knowledge(facts, OTHER, CYCLE)[-1].merged


def test_of_memberships_apart_the_last_is_the_present_one() -> None:
    back = told(job("staff", "hr"), onboarded="2023-10-16")
    left = told(job("staff", "hr", name="t"), person_id=OTHER, separated="2023-09-15")
    facts = facts_of(back, left, acts=[merged("2023-10-18T09:30")])
    version = knowledge(facts, PERSON, CYCLE)[-1].version
    assert (str(version.onboarded_on), version.separated_on) == ("2023-10-16", None)
    assert [str(a.end_on) for a in version.appointments] == ["None", "2023-09-15"]


def test_a_merge_takes_aliases_along_and_a_split_gives_them_back() -> None:
    office = Office(
        [
            done("2023-09-01T10:00", "merge", "c", "a"),
            done("2023-09-02T10:00", "merge", "a", "b"),
            done("2023-09-03T10:00", "hold", "c"),
            done("2023-09-04T10:00", "split", "a"),
        ]
    )
    assert office.at(moment("2023-09-02T10:00")).aliases("b") == ("a", "c")
    assert office.at(moment("2023-09-03T10:00")).held == {"b"}
    assert office.at(moment("2023-09-04T10:00")).merged == {"c": "a"}
    assert office.at(moment("2023-08-31T10:00")).merged == {}
    assert office.ids_of("b") == {"a", "b", "c"}


def test_ids_merged_into_each_other_in_turn_are_not_counted_but_refused() -> None:
    acts = [
        merged("2023-09-22T09:30"),
        done("2023-09-25T09:30", "split", OTHER),
        done("2023-09-27T09:30", "merge", PERSON, OTHER),
    ]
    lives = Lives(CYCLE, facts_of(MINE, THEIRS, acts=acts), {}, moment(LOADED))
    with pytest.raises(ValueError, match="was merged into one that was merged into it"):
        lives.of(PERSON)


def write_imports(folder: Path, *acts: dict[str, str], leave: str = ",,") -> Path:
    (folder / "2023-09-01T08-00_departments.csv").write_text(
        "department_id,name,area_id,area_name,officer_ids\nhr,HR,human-resources,HR,\n"
    )
    (folder / "2023-09-01T08-01_people.csv").write_text(
        PEOPLE_HEADER
        + f"{PERSON},l,{PERSON}@example.edu,N,2020-01-01,,2023-09-01,"
        + f"1,staff,true,hr,2020-01-01,,,,{leave}\n"
    )
    if acts:
        lines = "".join(json.dumps(act) + "\n" for act in acts)
        (folder / "office.jsonl").write_text(lines)
    return folder


@pytest.mark.parametrize(
    ("leave", "pausing"),
    [
        ("medical,2023-10-01,2023-10-05", 1),
        ("parental,2023-10-01,", 1),
        ("military,2023-10-01,", 1),
        ("sabbatical,2023-10-01,", 0),
        ("junior_faculty,2023-10-01,", 0),
        (",,", 0),
    ],
)
def test_the_leaves_that_pause_are_read_from_the_imports(
    tmp_path: Path, leave: str, pausing: int
) -> None:
    facts = read_imports(write_imports(tmp_path, leave=leave), CYCLE.zone)
    assert len(facts.people[PERSON][0].leaves) == pausing


def test_the_office_s_acts_are_read_in_local_time(tmp_path: Path) -> None:
    acts = [
        {"at": "2023-10-05T09:30", "action": "hold", "person_id": PERSON},
        {"at": "2023-10-06T09:30", "action": "merge", "person_id": OTHER, "into": PERSON},
    ]
    office = read_imports(write_imports(tmp_path, *acts), CYCLE.zone).office
    assert [str(act.at) for act in office.acts] == [
        "2023-10-05 09:30:00-04:00",
        "2023-10-06 09:30:00-04:00",
    ]
    assert office.acts[1].into == PERSON


@pytest.mark.parametrize(
    "act",
    [
        {"at": "2023-10-05T09:30", "action": "promote", "person_id": PERSON},
        {"at": "2023-10-05T09:30", "action": "merge", "person_id": OTHER},
        {"at": "yesterday", "action": "hold", "person_id": PERSON},
    ],
)
def test_an_act_that_makes_no_sense_is_refused(tmp_path: Path, act: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"cannot promote|into nobody|isoformat"):
        read_imports(write_imports(tmp_path, act), CYCLE.zone)
