"""What the synthetic university is made of."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Literal

HappeningKind = Literal["departments_csv", "people_csv", "office", "webhook"]
Door = Literal["csv", "scim", "inbound", "seat"]
"""How a record of a person reaches the roster: in a file, over SCIM, on Kafka, or, when all that is
new is a committee seat, from the office's own hands."""
SOURCE = "campus-lms"
OFFICE_FILE = "office.jsonl"


@dataclass(frozen=True, slots=True)
class Department:
    """A department as a row of departments.csv; `area_id` None is the alarm the office must see."""

    department_id: str
    name: str
    area_id: str | None
    area_name: str | None
    officer_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Appointment:
    """One role a person holds; `end_on` is its last day."""

    appointment_id: str
    kind: str
    paid: bool
    department_id: str
    start_on: date
    end_on: date | None = None
    year_of_study: int | None = None
    supervisor_id: str | None = None
    nominated_by: str | None = None
    ex_officio: bool = False


@dataclass(frozen=True, slots=True)
class Leave:
    """An absence of one person."""

    kind: str
    start_on: date
    end_on: date | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A person's whole record as HR would export it, true from `effective_on`."""

    person_id: str
    login: str
    email: str
    display_name: str
    onboarded_on: date
    effective_on: date
    appointments: tuple[Appointment, ...]
    separated_on: date | None = None
    leave: Leave | None = None

    @property
    def main(self) -> Appointment:
        """What the person is known for: the newest open appointment, else the newest; no seat."""
        jobs = [each for each in self.appointments if not each.nominated_by]
        return max(jobs, key=lambda a: (a.end_on is None, a.start_on))


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing the outside world does to the platform, at a civil moment of the institution.

    `payload` is the text to deliver: a CSV file, the JSON body of a webhook, or as JSON what the
    office does. People reach the roster through `door`; what they are is in the file all the same.
    `webhook_id` is what the sender puts into the `webhook-id` header; the same id twice is the same
    delivery.
    """

    on: date
    time: time
    kind: HappeningKind
    payload: str
    webhook_id: str | None = None
    door: Door = "csv"

    @property
    def at(self) -> datetime:
        """Civil moment without a zone; every moment used here exists once in New York."""
        return datetime.combine(self.on, self.time)

    @property
    def file_name(self) -> str:
        """Name of the import file; it carries the moment of receipt."""
        return f"{self.at:%Y-%m-%dT%H-%M}_{self.kind.removesuffix('_csv')}.csv"


@dataclass(frozen=True)
class University:
    """The university and everything that happens to it, in order.

    `cases` names who plays which case: person ids, or webhook ids where nobody is behind it.
    """

    departments: tuple[Department, ...]
    people: tuple[Person, ...]
    happenings: tuple[Happening, ...]
    cases: dict[str, tuple[str, ...]] = field(repr=False)

    def write(self, folder: Path) -> list[Path]:
        """Write what the roster is told into `folder`/imports; returns the paths in order.

        A file of a moment holds what came through every door, as if all of it had come as a file.
        What the office does is in office.jsonl, an act a line.
        """
        imports = folder / "imports"
        imports.mkdir(parents=True, exist_ok=True)
        files: dict[str, str] = {}
        for each in self.happenings:
            if each.kind == "office":
                files[OFFICE_FILE] = f"{files.get(OFFICE_FILE, '')}{each.payload}\n"
            elif each.file_name in files:
                files[each.file_name] += each.payload.partition("\n")[2]
            elif each.kind != "webhook":
                files[each.file_name] = each.payload
        for name, text in files.items():
            (imports / name).write_text(text, encoding="utf-8", newline="")
        return [imports / name for name in files]
