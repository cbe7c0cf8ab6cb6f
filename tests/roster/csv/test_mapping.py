"""Mapping files: what is wrong with one is said with its line and key."""

from pathlib import Path

import pytest

from roster.csv_import.dates import flaw_of_format
from roster.csv_import.mapping_file import InvalidMapping, parse_mapping
from roster.csv_import.presets import file_mapping, named_mapping, preset, preset_text
from support.csv_cases import mapped, read
from support.rosters import ADA, people_csv

MINE = """
[fields]
person_id = "ID"
display_name = "Name"
onboarded_on = "Since"
"""


def mistakes(text: str) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(InvalidMapping) as caught:
        parse_mapping(text, "mine.toml", preset_text)
    return [(each.line, each.key, each.expected) for each in caught.value.errors]


WRONG: list[tuple[str, str, int | None, str | None, str]] = [
    ("no TOML", "mode = ", 1, None, "TOML: "),
    ("a key twice", 'mode = "full"\nmode = "full"', 2, None, "TOML: "),
    ("an unknown key", f'colour = "red"{MINE}', 1, "colour", "one of description, "),
    ("an unknown mode", f'mode = "half"{MINE}', 1, "mode", "one of 'full', 'delta'"),
    ("an unknown encoding", f'encoding = "ebcdic"{MINE}', 1, "encoding", "one of 'utf-8', "),
    ("an unknown delimiter", f'delimiter = "x"{MINE}', 1, "delimiter", "one of ','"),
    ("a source with a space", f'source = "my hr"{MINE}', 1, "source", "1 to 32 letters"),
    ("days without a year", f'dates = ["MM/DD"]{MINE}', 1, "dates", "a format like YYYY-MM-DD"),
    ("days that are no list", f'dates = "YYYY-MM-DD"{MINE}', 1, "dates", "a list of texts"),
    ("too many digits", f"id_digits = 65{MINE}", 1, "id_digits", "a whole number from 1 to 64"),
    ("a base that is none", f'extends = "sap"{MINE}', 1, "extends", "the name of a preset"),
    ("an unknown field", f'{MINE}salary = "Pay"', 6, "fields.salary", "one of person_id, "),
    ("no field at all", 'mode = "full"', None, "fields.person_id", "a column or a constant"),
    (
        "a field missing",
        MINE.replace("onboarded_on", "login"),
        2,
        "fields.onboarded_on",
        "a column",
    ),
    ("half an appointment", f'{MINE}kind = "Kind"', 2, "fields.appointment_id", "a column"),
    ("a number for a column", f"{MINE}login = 7", 6, "fields.login", "a column, like"),
    ("an empty column", f'{MINE}login = ""', 6, "fields.login", "a column, like"),
    (
        "a column and a constant",
        f'{MINE}login = {{ column = "a", constant = "b" }}',
        6,
        "fields.login",
        "exactly one of column, columns and constant",
    ),
    (
        "an unknown key of a field",
        f'{MINE}login = {{ column = "a", case = "low" }}',
        6,
        "fields.login.case",
        "one of column, ",
    ),
    (
        "a value that is no kind",
        f'{MINE}[fields.kind]\ncolumn = "Class"\nvalues = {{ S = "clerk" }}',
        8,
        "fields.kind.values.S",
        "one of affiliate, ",
    ),
    (
        "an otherwise without values",
        f'{MINE}login = {{ column = "a", otherwise = "x" }}',
        6,
        "fields.login.otherwise",
        "nothing where there are no values",
    ),
    (
        "days for what is no day",
        f'{MINE}login = {{ column = "a", dates = ["YYYY-MM-DD"] }}',
        6,
        "fields.login.dates",
        "nothing: this field is no day",
    ),
    (
        "a constant day that is none",
        MINE.replace('"Since"', '{ constant = "last year" }'),
        5,
        "fields.onboarded_on.constant",
        "a day as YYYY-MM-DD",
    ),
    (
        "a demographic column",
        f'{MINE}login = "Birth Date"',
        6,
        "fields.login",
        "a column that says nothing about sex, race, birth or the like",
    ),
    (
        "a column that is read and left out",
        f'[columns]\ndrop = ["Name"]{MINE}',
        1,
        "columns",
        "Name either read or left out",
    ),
    ("a brake over 100", f"[brake]\npercent = 101{MINE}", 2, "brake.percent", "a number from 0"),
    ("a brake that is true", f"[brake]\npercent = true{MINE}", 2, "brake.percent", "a number"),
    ("a floor below 0", f"[brake]\nat_least = -1{MINE}", 2, "brake.at_least", "a whole number"),
    (
        "a time without a column",
        f'[reported_at]\nzone = "UTC"{MINE}',
        1,
        "reported_at.column",
        "the",
    ),
    (
        "a zone that is none",
        f'[reported_at]\ncolumn = "At"\nzone = "Mars/Olympus"{MINE}',
        3,
        "reported_at.zone",
        "a zone like America/New_York",
    ),
    ("rows to skip that are no list", f'[skip]\nrole = "parent"{MINE}', 2, "skip.role", "a list"),
]


@pytest.mark.parametrize(
    ("text", "line", "key", "expected"), [case[1:] for case in WRONG], ids=[c[0] for c in WRONG]
)
def test_a_mistake_in_a_mapping_is_named_by_line_and_key(
    text: str, line: int | None, key: str | None, expected: str
) -> None:
    (found,) = [said for *place, said in mistakes(text) if place == [line, key]]
    assert found.startswith(expected)


def test_every_mistake_is_named_at_once_and_reads_as_a_sentence() -> None:
    with pytest.raises(InvalidMapping) as caught:
        parse_mapping(f'mode = "half"\nsource = ""{MINE}', "mine.toml", preset_text)
    assert list(map(str, caught.value.errors)) == [
        "mine.toml, line 1, mode: expected one of 'full', 'delta'",
        "mine.toml, line 2, source: expected 1 to 32 letters, digits or hyphens, "
        "like hr or students",
    ]


def test_a_mapping_extends_a_preset_key_by_key() -> None:
    mine = parse_mapping(
        'extends = "workday"\nmode = "delta"\n[fields]\nlogin = "Network ID"\n[brake]\npercent = 5',
        "ours.toml",
        preset_text,
    )
    base = preset("workday")
    assert (mine.name, mine.mode, mine.source) == ("ours", "delta", "hr")
    assert mine.rules["login"].columns == ("Network ID",)
    assert mine.rules["kind"] == base.rules["kind"]
    assert (mine.brake.percent, mine.brake.at_least) == (5, 10)


def test_a_row_that_the_mapping_skips_is_passed_over() -> None:
    mapping = mapped('[skip]\nkind = ["fellow"]')
    assert read(people_csv(ADA | {"kind": "fellow"}), mapping) == []


def test_a_code_that_means_no_leave_takes_its_days_along() -> None:
    mapping = mapped('[fields.leave_kind]\ncolumn = "leave_kind"\nvalues = { VAC = "" }')
    row = ADA | {"leave_kind": "VAC", "leave_start_on": "2023-07-01"}
    (person,) = read(people_csv(row), mapping)
    assert person.facts.leaves == ()


def test_the_first_column_that_says_something_counts() -> None:
    mapping = mapped('[fields.display_name]\ncolumns = [["login", "email"], "display_name"]')
    (named, unnamed) = read(people_csv(ADA, ADA | {"person_id": "p2", "login": ""}), mapping)
    assert named.contact.display_name == "ada Ada Lovelace"
    assert unnamed.contact.display_name == "ada@example.edu Ada Lovelace"


@pytest.mark.parametrize(
    ("text", "fine"),
    [
        ("YYYY-MM-DD", True),
        ("D MON YYYY", True),
        ("MM/DD/YYYY", True),
        ("MM/YYYY", False),
        ("YYYY-MM-DD hh:mm", False),
        ("YYYY-MM-MM", False),
        ("", False),
    ],
)
def test_a_format_has_year_month_and_day_once(text: str, fine: bool) -> None:
    assert (flaw_of_format(text) is None) is fine


def test_a_name_is_a_file_of_the_folder_before_it_is_a_preset(tmp_path: Path) -> None:
    (tmp_path / "workday.toml").write_text('extends = "workday"\nsource = "medical-school"')
    assert named_mapping("workday", tmp_path).source == "medical-school"
    assert named_mapping("banner", tmp_path) == preset("banner")
    with pytest.raises(InvalidMapping, match="one of the presets banner, "):
        named_mapping("sap", tmp_path)


def test_a_file_that_cannot_be_read_is_no_mapping(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xff")
    for path in (tmp_path / "x.toml", tmp_path / "none.toml"):
        with pytest.raises(InvalidMapping, match="a file in UTF-8"):
            file_mapping(path)
