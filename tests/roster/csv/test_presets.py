"""The presets, each on an extract as the system really writes it."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from roster.csv_import.presets import preset, preset_names, preset_text
from roster.domain import Appointment, Contact, Facts, Leave, LeaveKind, Report
from support.csv_cases import people_of, read

EXTRACTS = Path(__file__).parent / "extracts"


def extract(name: str) -> bytes:
    return (EXTRACTS / f"{name}.csv").read_bytes()


def job(
    id_: str,
    kind: str,
    department: str,
    start: date,
    end: date | None = None,
    supervisor: str | None = None,
    *,
    paid: bool = True,
) -> Appointment:
    return Appointment(id_, kind, paid, department, start, end, None, supervisor)


SABBATICAL = Leave(LeaveKind.SABBATICAL, date(2023, 9, 1), date(2024, 5, 31))
MEDICAL = Leave(LeaveKind.MEDICAL, date(2023, 10, 1))
JUNE, JULY, AUGUST = date(2020, 6, 15), date(2019, 7, 1), date(2023, 8, 31)
JO = Contact("Jo Doe", "jdoe@example.edu", "jdoe")
MEI = Contact("Mei Chen", "mchen@example.edu", "mchen")
TERM = date(2023, 8, 1)

EXPECTED: dict[str, list[Report]] = {
    "workday": [
        Report(
            "100234",
            Facts(
                date(2015, 9, 1),
                None,
                (job("P-00411", "faculty", "CC1100", JULY, None, "100017"),),
                (SABBATICAL,),
            ),
            JO,
        ),
        Report(
            "100235",
            Facts(
                JUNE,
                None,
                (
                    job("P-00512", "staff", "CC2040", JUNE, None, "100017"),
                    job(
                        "P-00909",
                        "unpaid_appointee",
                        "CC1100",
                        date(2023, 1, 10),
                        date(2024, 12, 31),
                        "100234",
                        paid=False,
                    ),
                ),
            ),
            MEI,
        ),
        Report(
            "100236",
            Facts(
                date(2021, 2, 1),
                AUGUST,
                (job("P-00777", "staff", "CC2040", date(2021, 2, 1), AUGUST, "100235"),),
                (Leave(LeaveKind.MEDICAL, date(2023, 6, 1), AUGUST),),
            ),
            Contact("Chidi Okafor", None, "okafor"),
        ),
    ],
    "peoplesoft": [
        Report(
            "00012345",
            Facts(
                date(2015, 9, 1),
                None,
                (
                    job("0", "faculty", "10110", JULY, None, "00010001"),
                    job(
                        "1",
                        "unpaid_appointee",
                        "10440",
                        date(2022, 1, 15),
                        date(2024, 1, 14),
                        "00010001",
                        paid=False,
                    ),
                ),
                (SABBATICAL,),
            ),
            Contact("Jo Doe", "jdoe@example.edu", "JDOE"),
        ),
        Report(
            "00012346",
            Facts(JUNE, AUGUST, (job("0", "staff", "20400", JUNE, None, "00012345"),)),
            Contact("Mei Chen", "mchen@example.edu", "MCHEN"),
        ),
    ],
    "banner": [
        Report(
            "A00012345",
            Facts(
                date(2015, 9, 1),
                None,
                (
                    job("F00411-00", "faculty", "11010", JULY, None, "A00010001"),
                    job(
                        "S00950-01",
                        "unpaid_appointee",
                        "20440",
                        date(2022, 1, 15),
                        date(2024, 1, 14),
                        "A00010001",
                        paid=False,
                    ),
                ),
                (Leave(LeaveKind.MILITARY, date(2023, 10, 1), date(2023, 11, 30)),),
            ),
            JO,
        ),
        Report(
            "A00012346",
            Facts(JUNE, AUGUST, (job("S00512-00", "staff", "20400", JUNE, AUGUST),)),
            MEI,
        ),
    ],
    "oneroster": [
        Report(
            "900100001",
            Facts(
                TERM,
                None,
                (Appointment("oneroster", "undergraduate", False, "course-6", TERM, None, 3),),
            ),
            MEI,
            "students",
            None,
            datetime(2023, 8, 20, 10, 15, tzinfo=UTC),
        ),
        Report(
            "900100002",
            Facts(TERM, None, (job("oneroster", "faculty", "course-8", TERM),)),
            JO,
            "students",
            None,
            datetime(2023, 8, 21, 9, tzinfo=UTC),
        ),
    ],
    "rollcall": [
        Report(
            "p1",
            Facts(
                date(2020, 1, 15),
                None,
                (
                    job("a1", "staff", "physics", date(2020, 1, 15), None, "p9"),
                    Appointment(
                        "c1",
                        "committee_member",
                        False,
                        "cjc",
                        date(2023, 9, 1),
                        date(2025, 8, 31),
                        nominated_by="senate",
                        ex_officio=True,
                    ),
                ),
                (MEDICAL,),
            ),
            Contact("Ada Lovelace", "ada@example.edu", "ada"),
        ),
        Report(
            "p2",
            Facts(date(2021, 9, 1)),
            Contact("Ben O"),
            "hr",
            date(2023, 8, 1),
        ),
    ],
}
LEFT_OUT = {  # rows passed over, cells of demographic columns
    "workday": (1, 15),
    "peoplesoft": (0, 9),
    "banner": (1, 16),
    "oneroster": (2, 0),
    "rollcall": (0, 0),
}


def test_every_preset_has_an_extract() -> None:
    assert sorted(EXPECTED) == preset_names() == sorted(p.stem for p in EXTRACTS.glob("*.csv"))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_an_extract_says_who_the_people_are(name: str) -> None:
    assert read(extract(name), preset(name)) == EXPECTED[name]


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_what_is_left_out_is_counted_and_never_read_further(name: str) -> None:
    people = people_of(extract(name), preset(name))
    list(people.batches(100))
    assert (people.skipped_rows, people.dropped_cells) == LEFT_OUT[name]


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_says_what_it_is_for_and_no_demographic_column_is_read(name: str) -> None:
    mapping = preset(name)
    assert mapping.description.endswith(".")
    assert not any(word in "".join(mapping.columns).lower() for word in ("gender", "ethn", "birth"))
    assert preset_text(name).startswith("description = ")
