"""The people of the initial load, before any story is told about them."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import accumulate
from random import Random

from embedded.university.departments import LINCOLN, RESEARCH, SCHOOLS
from embedded.university.model import Appointment, Department, Person
from embedded.university.names import invent
from embedded.university.schedule import EMPLOYEES, EMPLOYEES_EXEMPT_FROM, OPENS_ON

_FIRST_ID = 900_000_000
_IDS = 99_999_989  # a prime, so that stepping through it repeats no id
_ID_STEP = 61_803_399
_AT_LEAST_PER_DEPARTMENT = 3
_RECENT_EMPLOYEES = 0.05
STUDENTS = frozenset({"graduate_student", "undergraduate"})

Mix = tuple[tuple[str, bool, int], ...]
"""Kinds of appointment, paid or not, with their weights."""

_IN_SCHOOLS: Mix = (
    ("faculty", True, 13),
    ("staff", True, 22),
    ("graduate_student", True, 38),
    ("undergraduate", False, 9),
    ("fellow", True, 6),
    ("fellow", False, 6),
    ("unpaid_appointee", False, 4),
    ("affiliate", False, 2),
)
_IN_RESEARCH: Mix = (
    ("staff", True, 50),
    ("fellow", True, 18),
    ("fellow", False, 17),
    ("graduate_student", True, 11),
    ("affiliate", False, 4),
)
_IN_OFFICES: Mix = (
    ("staff", True, 92),
    ("staff", False, 3),
    ("fellow", False, 3),
    ("committee_member", False, 2),
)
_AT_LINCOLN: Mix = (("staff", True, 85), ("fellow", True, 15))
_SIZES = {LINCOLN: 1.0, RESEARCH: 1.6, **dict.fromkeys(SCHOOLS, 1.6)}


def _mix_of(area: str | None) -> Mix:
    if area == LINCOLN:
        return _AT_LINCOLN
    if area == RESEARCH:
        return _IN_RESEARCH
    return _IN_SCHOOLS if area in SCHOOLS else _IN_OFFICES


@dataclass
class Registrar:
    """Makes people: the same seed makes the same people in the same order."""

    rng: Random
    _made: int = 0

    def enroll(self, department: Department) -> Person:
        """A long-standing member with the kind of appointment usual in that department."""
        mix = _mix_of(department.area_id)
        kind, paid, _ = self.rng.choices(mix, weights=[weight for *_, weight in mix])[0]
        started = self._start(kind, paid=paid)
        return replace(
            self.appoint(kind, paid=paid, department=department, start_on=started),
            effective_on=OPENS_ON,
        )

    def appoint(self, kind: str, *, paid: bool, department: Department, start_on: date) -> Person:
        """A person with one appointment, onboarded on its first day and true from then."""
        person_id, login, display_name = self._identity()
        appointment = Appointment(
            f"{person_id}-1",
            kind,
            paid,
            department.department_id,
            start_on,
            year_of_study=_year(kind, start_on),
        )
        address = login if self.rng.random() < 0.8 else f"{login}.{self._made}"
        return Person(
            person_id,
            login,
            f"{address}@example.edu",
            display_name,
            onboarded_on=start_on,
            effective_on=start_on,
            appointments=(appointment,),
        )

    def _identity(self) -> tuple[str, str, str]:
        person_id = str(_FIRST_ID + self._made * _ID_STEP % _IDS)
        self._made += 1
        display_name, stem = invent(self.rng)
        return person_id, f"{stem}{self._made:x}", display_name

    def _start(self, kind: str, *, paid: bool) -> date:
        if kind in STUDENTS:
            return date(2023 - self.rng.randrange(6 if kind[0] == "g" else 4), 9, 1)
        if kind in EMPLOYEES and paid and self.rng.random() < _RECENT_EMPLOYEES:
            return EMPLOYEES_EXEMPT_FROM + timedelta(days=self.rng.randrange(60))
        return date(2023, 6, 30) - timedelta(days=self.rng.randrange(20 * 365))


def _year(kind: str, start_on: date) -> int | None:
    return max(1, OPENS_ON.year - start_on.year + 1) if kind in STUDENTS else None


def populate(registrar: Registrar, departments: list[Department], count: int) -> list[Person]:
    """`count` people; the first few of every department come first, so that none stays empty."""
    staffed = [d for d in departments for _ in range(_AT_LEAST_PER_DEPARTMENT)][:count]
    sized = [department for department in departments if department.area_id]
    sizes = list(accumulate(_SIZES.get(d.area_id or "", 0.7) for d in sized))
    staffed += registrar.rng.choices(sized, cum_weights=sizes, k=count - len(staffed))
    return [registrar.enroll(department) for department in staffed]


def appoint_leaders(
    people: list[Person], departments: list[Department], rng: Random
) -> tuple[list[Person], list[Department]]:
    """Supervisors for everybody who works, and officers for every department but one.

    The department without an officer is the last with an area: its mail needs a fallback.
    """
    payroll: dict[str, list[str]] = {}
    for person in people:
        if person.main.kind in EMPLOYEES and person.main.paid:
            payroll.setdefault(person.main.department_id, []).append(person.person_id)
    orphan = departments[-2].department_id
    led = [
        department
        if department.department_id == orphan
        else replace(department, officer_ids=_officers(payroll, department, rng))
        for department in departments
    ]
    return [_supervised(person, payroll, rng) for person in people], led


def _officers(
    payroll: dict[str, list[str]], department: Department, rng: Random
) -> tuple[str, ...]:
    candidates = payroll.get(department.department_id) or next(iter(payroll.values()), [])
    wanted = rng.choice((1, 1, 2, 3))
    return tuple(sorted(rng.sample(candidates, min(wanted, len(candidates)))))


def _supervised(person: Person, payroll: dict[str, list[str]], rng: Random) -> Person:
    candidates = payroll.get(person.main.department_id, ())
    if not candidates or person.main.kind == "undergraduate":
        return person
    supervisor = rng.choice(candidates)
    if supervisor == person.person_id:
        return person
    return replace(
        person, appointments=(replace(person.appointments[0], supervisor_id=supervisor),)
    )
