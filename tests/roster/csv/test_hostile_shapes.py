"""Hostile files: line ends, quotes, delimiters, headers, sizes, rows that are no rows."""

import pytest

from roster.csv_import.lines import LINE_MAX_BYTES
from support.csv_cases import (
    A_CELL,
    A_NAME,
    AN_ID,
    CELLS,
    GOOD,
    GOOD_ROWS,
    GOOD_TEXT,
    HEADER,
    HEADERS,
    ONCE,
    UNCLOSED,
    Case,
    check,
    fine_cell,
    mapped,
    people_text,
    replaced,
    wrong_cell,
)
from support.rosters import ADA, BEN

COLUMNS = HEADER.split(",")
DEAN = ADA | {"appointment_id": "a2", "kind": "faculty", "department_id": "dean"}
LINES = GOOD_TEXT.splitlines()
QUOTED = "\n".join(",".join(f'"{each}"' for each in line.split(",")) for line in LINES)
REVERSED = "\n".join(",".join(reversed(line.split(","))) for line in LINES)
SEMICOLONS, TABS = mapped('delimiter = ";"'), mapped('delimiter = "\\t"')
PIPES = mapped('delimiter = "|"')
LENIENT = mapped('[columns]\nothers = "ignore"')
TOGETHER = "all rows of a person next to each other"
SAME = "the same as in the person's first row"
AGAIN = "a row: this is the header again"
LONG = f"a line shorter than {LINE_MAX_BYTES} bytes"


def lines(*texts: str) -> bytes:
    return "\n".join(texts).encode()


CASES = [
    Case("an empty file", b"", ((1, None, "a header row"),)),
    Case("only blank lines", b"\n\r\n\n", ((1, None, "a header row"),)),
    Case(
        "only spaces",
        b"   ",
        (
            (1, "column 1", HEADERS),
            *((1, each, ONCE) for each in COLUMNS),
        ),
    ),
    Case("a header alone", HEADER.encode()),
    Case("a header alone with a line end", f"{HEADER}\r\n".encode()),
    Case("blank lines before the header", b"\n\n" + GOOD, rows=GOOD_ROWS),
    Case("blank lines between the rows", GOOD.replace(b"\n", b"\n\n"), rows=GOOD_ROWS),
    Case(
        "a line of spaces between the rows", lines(*LINES[:2], "   ", LINES[2]), ((3, None, CELLS),)
    ),
    Case("CRLF", GOOD.replace(b"\n", b"\r\n"), rows=GOOD_ROWS),
    Case("CR alone", GOOD.replace(b"\n", b"\r"), rows=GOOD_ROWS),
    Case(
        "mixed line ends",
        lines(LINES[0], "").replace(b"\n", b"\r\n") + lines(*LINES[1:]).replace(b"\n", b"\r"),
        rows=GOOD_ROWS,
    ),
    Case("LF followed by CR", GOOD.replace(b"\n", b"\n\r"), rows=GOOD_ROWS),
    Case(
        "a wrong cell behind mixed line ends",
        (HEADER + "\r\n" + LINES[1] + "\r" + LINES[2].replace("true", "yes") + "\n").encode(),
        ((3, "paid", "true or false"),),
    ),
    Case("no last line end", GOOD.rstrip(b"\n"), rows=GOOD_ROWS),
    Case("a substitute character at the end", GOOD + b"\x1a", ((4, None, CELLS),)),
    Case("everything quoted", QUOTED.encode(), rows=GOOD_ROWS),
    Case("the columns turned around", REVERSED.encode(), rows=GOOD_ROWS),
    Case("spaces around every cell", GOOD.replace(b",", b" , "), rows=GOOD_ROWS),
    Case(
        "a space in front of a quote",
        replaced("Ada Lovelace", ' "Ada Lovelace"'),
        rows=(BEN, ADA | {"display_name": '"Ada Lovelace"'}),
    ),
    Case("text behind a closing quote", replaced("Ada L", '"Ada" L'), ((3, None, A_CELL),)),
    Case(
        "a space behind a closing quote",
        replaced("Ada Lovelace", '"Ada Lovelace" '),
        ((3, None, A_CELL),),
    ),
    Case(
        "a quote in the middle of a cell",
        replaced("Ada L", 'Ada "L'),
        rows=(BEN, ADA | {"display_name": 'Ada "Lovelace'}),
    ),
    Case(
        "a quote with a backslash",
        replaced("Ada Lovelace", '"Ada \\"L\\" Lovelace"'),
        ((3, None, A_CELL),),
    ),
    Case(
        "single quotes are no quotes",
        replaced("Ada Lovelace", "'Lovelace, Ada'"),
        ((3, None, CELLS),),
    ),
    Case(
        "curly quotes are no quotes",
        replaced("Ada Lovelace", "“Lovelace, Ada”"),
        ((3, None, CELLS),),
    ),
    Case(
        "a comma in quotes",
        people_text(BEN, ADA | {"display_name": 'Ada "Countess", King'}).encode(),
        rows=(BEN, ADA | {"display_name": 'Ada "Countess", King'}),
    ),
    Case("a quote never closed", replaced("Ben O", '"Ben O'), ((2, None, UNCLOSED),)),
    Case("a quote never closed in the last row", replaced("Ada L", '"Ada L'), ((3, None, A_CELL),)),
    Case("a quote never closed in the header", replaced("login", '"login'), ((1, None, UNCLOSED),)),
    Case("a quote at the very end", GOOD + b'"', ((4, None, A_CELL),)),
    wrong_cell("a line break in quotes", "display_name", "Ada\nLovelace", A_NAME),
    Case(
        "a carriage return in quotes",
        replaced("Ada Lovelace", '"Ada\rLovelace"'),
        ((3, "display_name", A_NAME),),
    ),
    Case(
        "a carriage return without quotes",
        replaced("Ada Lovelace", "Ada\rLovelace"),
        ((3, None, CELLS), (4, None, CELLS)),
    ),
    Case(
        "a line break in the quotes of one row and a mistake in the next",
        people_text(BEN | {"display_name": "B\nO"}, ADA | {"paid": "x"}).encode(),
        ((2, "display_name", A_NAME), (4, "paid", "true or false")),
    ),
    Case("a cell of 1 MB", replaced("Ada L", "A" * 2**20), ((3, None, A_CELL),)),
    Case(
        "a quoted cell of 1 MB", replaced("Ada Lovelace", f'"{"A" * 2**20}"'), ((3, None, A_CELL),)
    ),
    Case(
        "a cell of 1 MB of line breaks",
        replaced("Ada Lovelace", '"' + "\n" * 2**20 + '"'),
        ((3, None, UNCLOSED),),
    ),
    wrong_cell("a name of 201 characters", "display_name", "A" * 201, A_NAME),
    fine_cell("a name of 200 characters", "display_name", "Ä" * 200),
    wrong_cell("an id of 65 characters", "person_id", "p" * 65, AN_ID),
    Case(
        "a line that never ends",
        HEADER.encode() + b"\n" + b"x" * (LINE_MAX_BYTES + 9),
        ((2, None, LONG),),
    ),
    Case("a first line that never ends", b"x" * (LINE_MAX_BYTES + 9), ((1, None, LONG),)),
    Case("a row of 10,000 empty cells", GOOD + b"," * 9_999 + b"\n", ((4, None, CELLS),)),
    Case(
        "a header of 300 unknown columns",
        b",".join([b"x"] * 300),
        (
            *((1, f"column {number}", HEADERS) for number in range(1, 301)),
            *((1, each, ONCE) for each in COLUMNS),
        ),
    ),
    Case("a row too short", GOOD + b"p3,carl\n", ((4, None, CELLS),)),
    Case("a row too long", GOOD + LINES[2].encode() + b",\n", ((4, None, CELLS),)),
    Case(
        "a trailing comma in every row but the header",
        lines(HEADER, *(f"{each}," for each in LINES[1:])),
        ((2, None, CELLS), (3, None, CELLS)),
    ),
    Case(
        "a trailing comma in every row and the header",
        lines(*(f"{each}," for each in LINES)),
        ((1, "column 19", HEADERS),),
    ),
    Case(
        "a trailing comma everywhere where other columns are ignored",
        lines(*(f"{each}," for each in LINES)),
        rows=GOOD_ROWS,
        mapping=LENIENT,
    ),
    Case("a missing column", GOOD.replace(b",login,", b",", 1), ((1, "login", ONCE),)),
    Case(
        "a column twice",
        GOOD.replace(b",login,", b",email,", 1),
        ((1, "login", ONCE), (1, "email", ONCE)),
    ),
    Case(
        "a column too many",
        GOOD.replace(HEADER.encode(), f"{HEADER},salary".encode()),
        ((1, "column 19", HEADERS),),
    ),
    Case(
        "a column too many that the mapping ignores",
        lines(f"{HEADER},salary", f"{LINES[1]},9", f"{LINES[2]},8"),
        rows=GOOD_ROWS,
        mapping=mapped('[columns]\nignore = ["salary"]'),
    ),
    Case(
        "a column of demographic data",
        lines(f"{HEADER},Gender", f"{LINES[1]},f", f"{LINES[2]},m"),
        rows=GOOD_ROWS,
    ),
    Case(
        "an optional column",
        lines(f"{HEADER},ex_officio", f"{LINES[1]},true", f"{LINES[2]},"),
        rows=(BEN | {"ex_officio": "true"}, ADA),
    ),
    Case(
        "an optional column twice",
        lines(f"{HEADER},ex_officio,ex_officio", f"{LINES[1]},,"),
        ((1, "ex_officio", ONCE),),
    ),
    Case(
        "a header in capitals",
        GOOD.replace(b"login", b"Login"),
        ((1, "column 2", HEADERS), (1, "login", ONCE)),
    ),
    Case(
        "no header",
        lines(*LINES[1:]),
        (
            *((1, f"column {number}", HEADERS) for number in range(1, 19)),
            *((1, each, ONCE) for each in COLUMNS),
        ),
    ),
    Case(
        "a title above the header",
        b"People of 2023\n" + GOOD,
        ((1, "column 1", HEADERS), *((1, each, ONCE) for each in COLUMNS)),
    ),
    Case(
        "a spreadsheet's separator line",
        b"sep=,\n" + GOOD,
        (
            (1, "column 1", HEADERS),
            (1, "column 2", HEADERS),
            *((1, each, ONCE) for each in COLUMNS),
        ),
    ),
    Case(
        "the header again in the middle",
        lines(HEADER, LINES[1], HEADER, LINES[2]),
        ((3, None, AGAIN),),
    ),
    Case("a total at the end", GOOD + b"Total,2\n", ((4, None, CELLS),)),
    Case(
        "a total with as many cells as a row",
        GOOD + b"Total: 2" + b"," * 17 + b"\n",
        (
            (4, "onboarded_on", "a day as YYYY-MM-DD"),
            (4, "person_id", AN_ID),
            (4, "display_name", A_NAME),
        ),
    ),
    Case(
        "a row of nothing but commas",
        GOOD + b"," * 17 + b"\n",
        (
            (4, "onboarded_on", "a day as YYYY-MM-DD"),
            (4, "person_id", AN_ID),
            (4, "display_name", A_NAME),
        ),
    ),
    Case(
        "semicolons",
        GOOD.replace(b",", b";"),
        ((1, "column 1", HEADERS), *((1, each, ONCE) for each in COLUMNS)),
    ),
    Case(
        "semicolons where the mapping says so",
        people_text(*GOOD_ROWS, delimiter=";").encode(),
        rows=GOOD_ROWS,
        mapping=SEMICOLONS,
    ),
    Case(
        "commas in cells between semicolons",
        people_text(BEN, ADA | {"display_name": "King, Ada"}, delimiter=";").encode(),
        rows=(BEN, ADA | {"display_name": "King, Ada"}),
        mapping=SEMICOLONS,
    ),
    Case(
        "tabs where the mapping says so",
        people_text(*GOOD_ROWS, delimiter="\t").encode(),
        rows=GOOD_ROWS,
        mapping=TABS,
    ),
    Case(
        "bars where the mapping says so",
        people_text(*GOOD_ROWS, delimiter="|").encode(),
        rows=GOOD_ROWS,
        mapping=PIPES,
    ),
    Case(
        "a person's rows in two places",
        people_text(ADA, BEN, DEAN).encode(),
        ((4, "person_id", TOGETHER),),
    ),
    Case(
        "a person in three places",
        people_text(ADA, BEN, DEAN, BEN | {"person_id": "p3"}, DEAN).encode(),
        ((4, "person_id", TOGETHER), (6, "person_id", TOGETHER)),
    ),
    Case(
        "the same row twice",
        people_text(ADA, ADA).encode(),
        ((3, "appointment_id", "another id for each appointment of the person"),),
    ),
    Case(
        "a person said twice differently",
        people_text(ADA, DEAN | {"email": "x@example.edu"}).encode(),
        ((3, "email", SAME),),
    ),
    Case(
        "a person twice where a row is a person",
        people_text(ADA, DEAN).encode(),
        ((3, "person_id", "each person once"),),
        mapping=mapped('rows = "person"'),
    ),
    Case(
        "a person in two places where a row is a person",
        people_text(ADA, BEN, ADA).encode(),
        ((4, "person_id", "each person once"),),
        mapping=mapped('rows = "person"'),
    ),
    Case(
        "an appointment and none",
        people_text(ADA, {k: v for k, v in DEAN.items() if k != "appointment_id"}).encode(),
        ((3, "appointment_id", AN_ID),),
    ),
    Case(
        "HTML",
        b"<!DOCTYPE html>\n<html><body>Please sign in</body></html>\n",
        ((1, "column 1", HEADERS), *((1, each, ONCE) for each in COLUMNS)),
    ),
    Case(
        "a spreadsheet's own format",
        b"PK\x03\x04\x14\x00\x06\x00" + bytes(range(8, 64)),
        ((1, "column 1", HEADERS), *((1, each, ONCE) for each in COLUMNS)),
    ),
    Case(
        "a compressed file",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
        ((1, None, "text in UTF-8"),),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file_of_strange_shape_is_read_or_refused_exactly(case: Case) -> None:
    check(case)
