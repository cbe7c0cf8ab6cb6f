"""The synthetic university: the same every time, with every kind of case in it."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from embedded.university import Happening, University, build

CYCLE = Path(__file__).parents[2] / "services/rollout/src/rollout/cycles/2023-24.yaml"
CASES = {
    "after_reminder",
    "committee_seat",
    "completes_on_leave",
    "corrected_to_exempt",
    "corrected_to_required",
    "department_moves_to_another_area",
    "duplicate",
    "early_bird",
    "entered_twice",
    "exempt_completes",
    "failed_after_completion",
    "failed_before",
    "fellow_after_window",
    "fellow_mid_window",
    "graduate_with_a_staff_job",
    "held_and_let_go",
    "held_for_good",
    "held_over_the_release",
    "joining_advanced_graduate",
    "joining_employee",
    "joining_first_year_graduate",
    "junior_faculty_leave",
    "known_to_the_lms_first",
    "last_cycle",
    "late",
    "leave_after_release",
    "leave_before_release",
    "leave_heard_late",
    "leave_open_ended",
    "leave_over_the_due_day",
    "leave_shortened",
    "leave_taken_back",
    "merged_by_mistake_after_release",
    "merged_by_mistake_before_release",
    "name_change",
    "never",
    "new_officer",
    "older_after_newer",
    "person_never_known",
    "prompt",
    "rehired_after_completing",
    "rehired_as_recent_employee",
    "rehired_before_completing",
    "rehired_under_a_new_id",
    "renamed_department",
    "revoked",
    "revoked_and_completed_again",
    "revoked_first",
    "sabbatical",
    "second_appointment_after_release",
    "second_appointment_before_release",
    "second_appointment_heard_late",
    "second_appointment_runs_out",
    "second_option",
    "second_year_after_all",
    "separated_after_completing",
    "separated_before_completing",
    "separated_before_release",
    "separation_announced_ahead",
    "separation_heard_late",
    "separation_undone",
    "staff_who_studies",
    "supplemental_completes",
    "third_year_a_day_late",
    "third_year_in_spring",
    "third_year_on_the_day",
    "transfer_after_release",
    "transfer_before_release",
    "transfer_heard_late",
    "transfer_into_a_passed_group",
    "transfer_out_of_the_pilot",
    "transfer_to_lincoln_after_release",
    "transfer_to_lincoln_before_release",
    "two_appointments_in_one_group",
    "two_appointments_in_two_groups",
    "two_appointments_with_lincoln",
    "wrong_course",
}


@pytest.fixture(scope="module")
def small() -> University:
    return build(300)


@pytest.fixture(scope="module")
def usual() -> University:
    return build()


def rows(happening: Happening) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(happening.payload, newline="")))


def imports(university: University, kind: str) -> Iterator[Happening]:
    return (each for each in university.happenings if each.kind == kind)


def webhooks(university: University) -> Iterator[tuple[Happening, dict[str, str]]]:
    for each in imports(university, "webhook"):
        yield each, json.loads(each.payload)["data"]


def test_the_same_numbers_make_the_same_university(small: University) -> None:
    assert build(300) == small
    assert build(300, seed=2) != small


def test_fewer_than_fifty_people_are_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="at least 50 people, not 49"):
        build(49)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_case_has_somebody_playing_it_among_three_hundred(seed: int) -> None:
    assert set(build(300, seed=seed).cases) == CASES


def test_every_kind_of_member_is_there_among_three_hundred(small: University) -> None:
    main = [(p.main.kind, p.main.paid, p.main.year_of_study) for p in small.people]
    kinds = {(kind, paid) for kind, paid, _ in main}
    assert kinds >= {
        ("faculty", True),
        ("staff", True),
        ("fellow", True),
        ("fellow", False),
        ("undergraduate", False),
        ("unpaid_appointee", False),
    }
    years = {year for kind, _, year in main if kind == "graduate_student"}
    assert years >= {1, 2, 3, 4}
    assert any(p.main.department_id.startswith("lincoln-laboratory") for p in small.people)


def test_departments_cover_the_areas_of_the_cycle_file_and_one_has_none(usual: University) -> None:
    text = YAML(typ="safe").load(CYCLE.read_text())
    named = {area for group in text["groups"] for area in group["when"].get("areas", ())}
    areas = [department.area_id for department in usual.departments]
    assert {area for area in areas if area} == named | {"lincoln-laboratory"}
    assert areas.count(None) == 1
    assert len(areas) == 60


def test_a_small_university_still_has_thirty_departments(small: University) -> None:
    staffed = {a.department_id for p in small.people for a in p.appointments}
    assert len(small.departments) == 30
    assert staffed == {each.department_id for each in small.departments}


def test_all_departments_but_one_have_officers_who_are_people(small: University) -> None:
    known = {person.person_id for person in small.people}
    officers = [each.officer_ids for each in small.departments]
    assert officers.count(()) == 1
    assert {officer for ids in officers for officer in ids} <= known


def test_people_are_told_apart_and_their_names_are_of_many_scripts(usual: University) -> None:
    for values in (
        [p.person_id for p in usual.people],
        [p.login for p in usual.people],
        [p.email for p in usual.people],
    ):
        assert len(values) == len(set(values)) == 3000
    assert all(re.fullmatch(r"[a-z0-9.]+@example\.edu", p.email) for p in usual.people)
    names = " ".join(p.display_name for p in usual.people)
    for piece in ("O'Brien", "é", ", Jr.", "山田", "محمد", "Lichtenfels"):
        assert piece in names


def test_imports_start_with_everything_and_carry_their_moment_in_the_name(
    small: University, tmp_path: Path
) -> None:
    written = small.write(tmp_path)
    first, second, *later = [path.name for path in written]
    assert [first, second] == ["2023-09-01T08-00_departments.csv", "2023-09-01T08-00_people.csv"]
    assert len({first, second, *later}) == len(written) > 30
    assert all(path.parent == tmp_path / "imports" for path in written)
    with written[1].open(encoding="utf-8", newline="") as file:
        loaded = list(csv.DictReader(file))
    assert len({row["person_id"] for row in loaded}) == 300
    assert loaded == rows(next(imports(small, "people_csv")))


def test_a_person_s_rows_are_adjacent_and_agree_about_the_person(small: University) -> None:
    about = ("login", "email", "display_name", "onboarded_on", "separated_on", "effective_on")
    for happening in imports(small, "people_csv"):
        blocks: list[tuple[str, ...]] = []
        for row in rows(happening):
            person = (row["person_id"], *(row[column] for column in about))
            if not blocks or blocks[-1] != person:
                blocks.append(person)
        assert len({block[0] for block in blocks}) == len(blocks)


def test_every_appointment_is_in_a_known_department_and_in_order(small: University) -> None:
    departments = {each.department_id for each in small.departments}
    for happening in imports(small, "people_csv"):
        for row in rows(happening):
            assert row["department_id"] in departments
            assert not row["end_on"] or row["start_on"] <= row["end_on"]


def test_happenings_are_in_order_from_september_to_the_first_of_april(usual: University) -> None:
    moments = [each.at for each in usual.happenings]
    assert moments == sorted(moments)
    assert moments[0].isoformat() == "2023-09-01T08:00:00"
    assert date(2024, 3, 25) < moments[-1].date() <= date(2024, 4, 1)


def test_most_who_are_asked_finish_in_time_some_late_and_some_never(usual: University) -> None:
    counts = {habit: len(usual.cases[habit]) for habit in ("late", "never")}
    in_time = sum(len(usual.cases[habit]) for habit in ("early_bird", "prompt", "after_reminder"))
    asked = in_time + sum(counts.values())
    assert 0.82 < in_time / asked < 0.88
    assert 0.06 < counts["late"] / asked < 0.10
    assert 0.05 < counts["never"] / asked < 0.09


def test_webhooks_name_people_by_id_address_and_login(usual: University) -> None:
    by_id = {p.person_id for p in usual.people}
    by_address = {p.email for p in usual.people}
    by_login = {p.login for p in usual.people}
    named = [data["person"] for _, data in webhooks(usual)]
    for known, share in ((by_id, 0.5), (by_address, 0.15), (by_login, 0.08)):
        assert sum(name in known for name in named) > share * len(named)


def test_completion_times_carry_the_zone_and_lie_before_their_message(small: University) -> None:
    for happening in imports(small, "webhook"):
        body = json.loads(happening.payload)
        sent = datetime.fromisoformat(body["timestamp"])
        completed = datetime.fromisoformat(body["data"]["completed_at"])
        assert sent.replace(tzinfo=None) <= happening.at
        assert sent.utcoffset() is not None
        assert completed < sent


def test_duplicates_repeat_id_and_body(small: University) -> None:
    times = Counter(each.webhook_id for each in imports(small, "webhook"))
    assert Counter(times.values())[2] == len(small.cases["duplicate"])
    bodies = {(each.webhook_id, each.payload) for each in imports(small, "webhook")}
    assert len(bodies) == len(times)


def test_out_of_order_means_that_the_older_completion_arrives_after_the_newer(
    small: University,
) -> None:
    for person_id in small.cases["older_after_newer"]:
        newer, older = (d["completed_at"] for d in of_person(small, person_id))
        assert older < newer


def test_a_revocation_may_arrive_before_what_it_revokes(small: University) -> None:
    for person_id in small.cases["revoked_first"]:
        assert [d["status"] for d in of_person(small, person_id)] == ["revoked", "completed"]


def test_who_is_unknown_at_first_reaches_the_roster_two_days_later(small: University) -> None:
    for person_id in small.cases["known_to_the_lms_first"]:
        (known_on,) = (
            each.on
            for each in imports(small, "people_csv")
            if any(row["person_id"] == person_id for row in rows(each))
        )
        (sent_on,) = (each.on for each, data in webhooks(small) if is_of(small, person_id, data))
        assert (known_on - sent_on).days == 2


def test_courses_that_do_not_count_are_sent_too(small: University) -> None:
    modules = {data["module"] for _, data in webhooks(small)}
    assert modules == {"psh23-a", "psh23-b", "psh23-c", "psh21-3", "xyz-1"}


def of_person(university: University, person_id: str) -> list[dict[str, str]]:
    return [data for _, data in webhooks(university) if is_of(university, person_id, data)]


def is_of(university: University, person_id: str, data: dict[str, str]) -> bool:
    references = {person_id}
    for happening in imports(university, "people_csv"):
        for row in rows(happening):
            if row["person_id"] == person_id:
                references |= {row["email"], row["login"]}
    return data["person"] in references
