"""people.csv as it arrives in life: every mistake is named by line and column, nothing else."""

import io
import tracemalloc
from collections.abc import Callable

import pytest

from roster.csv_import.errors import CsvError, InvalidFile
from roster.csv_import.people import PEOPLE_COLUMNS, read_people
from roster.csv_import.table import LINE_MAX_BYTES, Table
from roster.domain import Leave, LeaveKind, Report
from support.rosters import ADA, BEN, day, people_csv

HEADER = ",".join(PEOPLE_COLUMNS).encode()
DEAN = ADA | {"appointment_id": "a2", "kind": "faculty", "department_id": "dean"}


def read(content: bytes) -> list[Report]:
    table = Table(io.BytesIO(content), "people.csv", PEOPLE_COLUMNS)
    return [person for batch in read_people(table, 2) for person in batch]


def errors_of(content: bytes) -> list[CsvError]:
    with pytest.raises(InvalidFile) as caught:
        read(content)
    assert not caught.value.more
    return caught.value.errors


def places(content: bytes) -> list[tuple[int, str | None]]:
    return [(error.line, error.column) for error in errors_of(content)]


def with_(**cells: str) -> bytes:
    return people_csv(BEN, ADA | cells)


def line(content: bytes, number: int) -> bytes:
    return content.splitlines()[number - 1]


# One cell of the second person (line 3) is wrong: the column at fault, and what was expected.
WRONG_CELLS = [
    ("person_id", "", "an id: "),
    ("person_id", "p 1", "an id: "),
    ("person_id", "ada@example.edu", "an id: "),
    ("login", "a da", "1 to 64 characters without spaces or @, or nothing"),
    ("email", "ada", "one address like name@example.edu, or nothing"),
    ("email", "ada@example.edu;ben@example.edu", "one address like"),
    ("display_name", "", "1 to 200 characters"),
    ("display_name", "Ada\x00", "1 to 200 characters without control characters"),
    ("display_name", "Ada\nLovelace", "1 to 200 characters without control characters"),
    ("onboarded_on", "", "a day as YYYY-MM-DD"),
    ("onboarded_on", "15/01/2020", "a day as YYYY-MM-DD"),
    ("onboarded_on", "20200115", "a day as YYYY-MM-DD"),
    ("onboarded_on", "2020-W03-3", "a day as YYYY-MM-DD"),
    ("onboarded_on", "2020-02-30", "a day as YYYY-MM-DD"),
    ("onboarded_on", "0020-01-15", "a day between 1900-01-01 and 2200-12-31"),
    ("onboarded_on", "२०२०-०१-१५", "a day as YYYY-MM-DD"),
    ("separated_on", "never", "a day as YYYY-MM-DD, or nothing"),
    ("separated_on", "2019-01-01", "a day not before onboarded_on"),
    ("effective_on", "today", "a day as YYYY-MM-DD, or nothing"),
    ("effective_on", "3000-01-01", "a day between"),
    ("appointment_id", "", "an id: "),
    ("kind", "", "one of affiliate, "),
    ("kind", "Staff", "one of affiliate, "),
    ("paid", "", "true or false"),
    ("paid", "yes", "true or false"),
    ("department_id", "", "an id: "),
    ("start_on", "", "a day as YYYY-MM-DD"),
    ("end_on", "2020-01-14", "a day not before start_on"),
    ("end_on", "x", "a day as YYYY-MM-DD, or nothing"),
    ("year_of_study", "3", "nothing: only students have a year of study"),
    ("year_of_study", "third", "a whole number from 1 to 15, or nothing"),
    ("year_of_study", "-1", "a whole number from 1 to 15, or nothing"),
    ("year_of_study", "3.0", "a whole number from 1 to 15, or nothing"),
    ("supervisor_id", "p 2", "an id: "),
    ("leave_kind", "holiday", "one of junior_faculty, medical, military, parental, sabbatical"),
]


@pytest.mark.parametrize(("column", "cell", "expected"), WRONG_CELLS)
def test_a_wrong_cell_is_named_by_line_column_and_what_was_expected(
    column: str, cell: str, expected: str
) -> None:
    leave = {"leave_start_on": "2023-01-01"} if column == "leave_kind" else {}
    (error,) = errors_of(with_(**{column: cell}, **leave))
    assert (error.file, error.line, error.column) == ("people.csv", 3, column)
    assert error.expected.startswith(expected)


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


GOOD = people_csv(BEN, ADA)
WITHOUT_HEADER = GOOD.split(b"\n", 1)[1]
HOSTILE: list[tuple[str, bytes, list[tuple[int, str | None]]]] = [
    ("an empty file", b"", [(1, None)]),
    ("only a BOM", b"\xef\xbb\xbf", [(1, None)]),
    ("only blank lines", b"\n\r\n\n", [(1, None)]),
    (
        "a header with a column too many",
        GOOD.replace(HEADER, HEADER + b",salary"),
        [(1, "column 19")],
    ),
    ("a missing column", GOOD.replace(b",login,", b",", 1), [(1, "login")]),
    ("a column twice", GOOD.replace(b",login,", b",email,", 1), [(1, "login"), (1, "email")]),
    ("a header in capitals", GOOD.replace(b"login", b"Login"), [(1, "column 2"), (1, "login")]),
    (
        "semicolons",
        GOOD.replace(b",", b";"),
        [(1, "column 1"), *((1, each) for each in PEOPLE_COLUMNS)],
    ),
    ("a row too short", GOOD + b"p3,carl\n", [(4, None)]),
    ("a row too long", GOOD + line(GOOD, 3) + b",\n", [(4, None)]),
    ("two short rows", GOOD + b"p3\np4\n", [(4, None), (5, None)]),
    ("a name in Latin-1", GOOD.replace(b"Ada L", b"Ad\xe9 L"), [(3, None)]),
    (
        "Latin-1 and a wrong date",
        GOOD.replace(b"Ada L", b"Ad\xe9 L").replace(b"2020-01-15", b"x", 1),
        [(2, "onboarded_on"), (3, None)],
    ),
    ("UTF-16", GOOD.decode().encode("utf-16"), [(1, None)]),
    ("a NUL in an id", GOOD.replace(b"p1,", b"p\x001,"), [(3, "person_id")]),
    ("a NUL in the header", GOOD.replace(b"login", b"log\x00in"), [(1, "column 2"), (1, "login")]),
    ("a cell of 1 MB", GOOD.replace(b"Ada L", b"A" * 2**20), [(3, None)]),
    ("a quoted cell of 1 MB", GOOD.replace(b"Ada Lovelace", b'"%b"' % (b"A" * 2**20)), [(3, None)]),
    ("text after a closing quote", GOOD.replace(b"Ada L", b'"Ada" L'), [(3, None)]),
    ("a quote never closed", GOOD.replace(b"Ben O", b'"Ben O'), [(2, None)]),
    ("a quote never closed at the end", GOOD.replace(b"Ada L", b'"Ada L'), [(3, None)]),
    ("an endless line", HEADER + b"\n" + b"x" * (LINE_MAX_BYTES + 9), [(2, None)]),
    ("people in two blocks", people_csv(ADA, BEN, DEAN), [(4, "person_id")]),
    ("the same row twice", people_csv(ADA, ADA), [(3, "appointment_id")]),
    (
        "a person said twice differently",
        people_csv(ADA, DEAN | {"email": "x@example.edu", "leave_kind": "medical"}),
        [(3, "email"), (3, "leave_kind")],
    ),
    (
        "an appointment and none",
        people_csv(ADA, {k: v for k, v in DEAN.items() if k != "appointment_id"}),
        [(3, "appointment_id")],
    ),
]


@pytest.mark.parametrize(
    ("content", "expected"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE]
)
def test_a_hostile_file_is_refused_naming_every_line_and_column(
    content: bytes, expected: list[tuple[int, str | None]]
) -> None:
    assert places(content) == expected


FINE: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("with a BOM", lambda content: b"\xef\xbb\xbf" + content),
    ("with CRLF", lambda content: content.replace(b"\n", b"\r\n")),
    ("with CR alone", lambda content: content.replace(b"\n", b"\r")),
    ("with mixed line ends", lambda content: content.replace(b"\n", b"\r\n", 1)),
    ("without a last line end", lambda content: content.rstrip(b"\n")),
    ("with blank lines", lambda content: content.replace(b"\n", b"\n\n")),
    (
        "with everything quoted",
        lambda content: b"\n".join(
            b",".join(b'"%b"' % cell for cell in each.split(b","))
            for each in content.split(b"\n")[:-1]
        ),
    ),
    ("with spaces around cells", lambda content: content.replace(b",", b" , ")),
    (
        "with the columns turned around",
        lambda content: b"\n".join(
            b",".join(reversed(each.split(b","))) for each in content.split(b"\n")[:-1]
        ),
    ),
]


@pytest.mark.parametrize("spelled", [case[1] for case in FINE], ids=[case[0] for case in FINE])
def test_the_same_file_spelled_otherwise_says_the_same(spelled: Callable[[bytes], bytes]) -> None:
    assert read(spelled(GOOD)) == read(GOOD)


def test_a_formula_is_data() -> None:
    (person,) = read(people_csv(ADA | {"display_name": "=HYPERLINK(1)", "login": "+cmd"}))
    assert person.contact.display_name == "=HYPERLINK(1)"
    assert person.contact.login == "+cmd"


def test_a_quoted_cell_may_hold_commas_and_quotes() -> None:
    (person,) = read(people_csv(ADA | {"display_name": 'Ada "Countess", King'}))
    assert person.contact.display_name == 'Ada "Countess", King'


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


def test_a_header_alone_names_nobody() -> None:
    assert read(HEADER) == []


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
    table = Table(io.BytesIO(people_csv(*rows)), "people.csv", PEOPLE_COLUMNS)
    batches = read_people(table, 2)
    assert [person.person_id for person in next(batches)] == ["p0", "p1"]
    with pytest.raises(InvalidFile):
        next(batches)


def memory_of_reading(people: int) -> int:
    """The most bytes that Python held at once while reading so many people."""
    content = io.BytesIO(people_csv(*(ADA | {"person_id": f"p{n}"} for n in range(people))))
    tracemalloc.start()
    try:
        for _ in read_people(Table(content, "people.csv", PEOPLE_COLUMNS), 100):
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
