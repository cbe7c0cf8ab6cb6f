"""The imports: one full load on the first day, then the changes as they become known."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from embedded.university.doors import Doors
from embedded.university.model import Department, Door, Happening, HappeningKind, Person
from embedded.university.story import LOAD_AT, Story

PEOPLE_COLUMNS = (
    "person_id",
    "login",
    "email",
    "display_name",
    "onboarded_on",
    "separated_on",
    "effective_on",
    "appointment_id",
    "kind",
    "paid",
    "department_id",
    "start_on",
    "end_on",
    "year_of_study",
    "supervisor_id",
    "nominated_by",
    "ex_officio",
    "leave_kind",
    "leave_start_on",
    "leave_end_on",
)
DEPARTMENT_COLUMNS = ("department_id", "name", "area_id", "area_name", "officer_ids")

Cell = str | int | date | None


def feeds(story: Story, departments: Iterable[Department]) -> Iterator[Happening]:
    """Every import in no particular order; `departments` are those of the first day."""
    yield _import(LOAD_AT, "departments_csv", _departments_csv(departments))
    yield _import(LOAD_AT, "people_csv", _people_csv(story.loaded.values()))
    for at, changed in story.department_imports.items():
        yield _import(at, "departments_csv", _departments_csv(changed))
    doors = Doors(frozenset(story.seated))
    for at, people in sorted(story.imports.items()):
        for door, some in doors.sort(at, people.values()):
            yield _import(at, "people_csv", _people_csv(some), door)
    for act in story.acts:
        yield _import(act.at, "office", act.as_json())


def _import(at: datetime, kind: HappeningKind, text: str, door: Door = "csv") -> Happening:
    return Happening(at.date(), at.time(), kind, text, door=door)


def _csv(columns: tuple[str, ...], rows: Iterable[tuple[Cell, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _departments_csv(departments: Iterable[Department]) -> str:
    return _csv(
        DEPARTMENT_COLUMNS,
        (
            (
                each.department_id,
                each.name,
                each.area_id,
                each.area_name,
                " ".join(each.officer_ids),
            )
            for each in departments
        ),
    )


def _people_csv(people: Iterable[Person]) -> str:
    return _csv(PEOPLE_COLUMNS, (row for person in people for row in _rows(person)))


def _rows(person: Person) -> Iterator[tuple[Cell, ...]]:
    leave = person.leave
    about = (
        person.person_id,
        person.login,
        person.email,
        person.display_name,
        person.onboarded_on,
        person.separated_on,
        person.effective_on,
    )
    absence = (leave.kind, leave.start_on, leave.end_on) if leave else (None, None, None)
    for each in person.appointments:
        yield (
            *about,
            each.appointment_id,
            each.kind,
            "true" if each.paid else "false",
            each.department_id,
            each.start_on,
            each.end_on,
            each.year_of_study,
            each.supervisor_id,
            each.nominated_by,
            "true" if each.ex_officio else None,
            *absence,
        )
