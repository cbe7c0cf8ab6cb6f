"""people.csv as it arrives in life: every mistake is named by line and column, nothing else."""

import tracemalloc

import pytest

from roster.csv_import.errors import CsvError, InvalidFile
from roster.domain import Leave, LeaveKind
from support.csv_cases import people_of, read
from support.rosters import ADA, BEN, PEOPLE_COLUMNS, day, people_csv

DEAN = ADA | {"appointment_id": "a2", "kind": "faculty", "department_id": "dean"}


def errors_of(content: bytes) -> list[CsvError]:
    with pytest.raises(InvalidFile) as caught:
        read(content)
    assert not caught.value.more
    return caught.value.errors


def places(content: bytes) -> list[tuple[int, str | None]]:
    return [(error.line, error.column) for error in errors_of(content)]


def with_(**cells: str) -> bytes:
    return people_csv(BEN, ADA | cells)


@pytest.mark.parametrize(
    ("cells", "columns"),
    [
        ({"leave_start_on": "2023-01-01"}, ["leave_kind"]),
        ({"leave_kind": "medical"}, ["leave_start_on"]),
        (
            {
                "leave_kind": "medical",
                "leave_start_on": "2023-02-01",
                "leave_end_on": "2023-01-01",
            },
            ["leave_end_on"],
        ),
        ({"kind": "graduate_student", "year_of_study": "16"}, ["year_of_study"]),
        (
            {"kind": "", "paid": "", "department_id": "", "start_on": ""},
            ["paid", "start_on", "kind", "department_id"],
        ),
        (
            {"email": "x", "onboarded_on": "x", "separated_on": "x", "end_on": "x"},
            ["onboarded_on", "separated_on", "end_on", "email"],
        ),
    ],
)
def test_every_mistake_of_a_row_is_named(cells: dict[str, str], columns: list[str]) -> None:
    assert places(with_(**cells)) == [(3, column) for column in columns]


def test_the_rows_of_a_person_become_one_record() -> None:
    leave = {"leave_kind": "medical", "leave_start_on": "2023-10-01"}
    (person,) = read(people_csv(ADA | leave, DEAN | leave))
    assert [each.appointment_id for each in person.facts.appointments] == ["a1", "a2"]
    assert person.facts.leaves == (Leave(LeaveKind.MEDICAL, day("2023-10-01")),)


def test_a_row_without_appointment_is_a_person_without_appointment() -> None:
    row = {name: ADA[name] for name in ("person_id", "display_name", "onboarded_on")}
    (person,) = read(people_csv(row))
    assert person.facts.appointments == ()
    assert person.contact.email is None
    assert person.effective_on is None


def test_of_very_many_mistakes_a_thousand_are_named_and_the_rest_counted() -> None:
    rows = [ADA | {"person_id": f"p{n}", "paid": "yes"} for n in range(1_200)]
    with pytest.raises(InvalidFile) as caught:
        read(people_csv(*rows))
    assert len(caught.value.errors) == 1_000
    assert caught.value.more == 200
    assert caught.value.errors[0].line == 2


def test_a_mistake_never_repeats_what_was_in_the_file() -> None:
    canary = "canary"
    for column in PEOPLE_COLUMNS:
        text = " ".join(map(str, errors_of(with_(**{column: f"{canary} \x07"}))))
        assert canary not in text
    assert canary not in " ".join(map(str, errors_of(b"canary,canary@example.edu\n")))


def test_nothing_is_handed_on_once_a_mistake_was_seen() -> None:
    rows = [ADA | {"person_id": f"p{n}"} for n in range(6)]
    rows[2] = rows[2] | {"paid": "?"}
    batches = people_of(people_csv(*rows)).batches(2)
    assert [person.person_id for person in next(batches)] == ["p0", "p1"]
    with pytest.raises(InvalidFile):
        next(batches)


def memory_of_reading(people: int) -> int:
    """The most bytes that Python held at once while reading so many people."""
    content = people_csv(*(ADA | {"person_id": f"p{n}"} for n in range(people)))
    tracemalloc.start()
    try:
        for _ in people_of(content).batches(100):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_memory_it_takes_does_not_grow_with_the_file() -> None:
    memory_of_reading(1_000)  # what is imported and cached once
    assert memory_of_reading(20_000) - memory_of_reading(1_000) < 200_000


def test_a_person_with_very_many_rows_is_refused() -> None:
    rows = [ADA | {"appointment_id": f"a{n}"} for n in range(5_000)]
    assert places(people_csv(*rows)) == [(2, "appointment_id")]


def test_a_mistake_reads_as_a_sentence() -> None:
    assert str(CsvError("p.csv", 3, "paid", "true or false")) == (
        "p.csv, line 3, paid: expected true or false"
    )
    assert str(CsvError("p.csv", 3, None, "text in UTF-8")) == (
        "p.csv, line 3: expected text in UTF-8"
    )
