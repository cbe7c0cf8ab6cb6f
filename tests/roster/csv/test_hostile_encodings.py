"""Hostile files: the bytes are not what they are said to be."""

import pytest

from support.csv_cases import (
    A_NAME,
    AN_ID,
    GOOD,
    GOOD_ROWS,
    GOOD_TEXT,
    HEADERS,
    ONCE,
    Case,
    check,
    fine_cell,
    mapped,
    people_text,
    replaced,
    wrong_cell,
)
from support.rosters import ADA, BEN

UTF_8 = "text in UTF-8"
NOT_UTF_16 = "text in UTF-8, and this is UTF-16"
LATIN_1 = mapped('encoding = "latin-1"')
WINDOWS = mapped('encoding = "cp1252"')
WIDE = mapped('encoding = "utf-16"')
JOSE = ADA | {"display_name": "José Nuñez"}
EURO = ADA | {"display_name": "“Ada” €"}


def said(*rows: dict[str, str]) -> str:
    return people_text(*rows)


CASES = [
    Case("UTF-8 with a BOM", b"\xef\xbb\xbf" + GOOD, rows=GOOD_ROWS),
    Case(
        "UTF-8 with two BOMs",
        b"\xef\xbb\xbf" * 2 + GOOD,
        (
            (1, "column 1", HEADERS),
            (1, "person_id", ONCE),
        ),
    ),
    Case("only a BOM", b"\xef\xbb\xbf", ((1, None, "a header row"),)),
    Case(
        "UTF-16 with a BOM, little end first", GOOD_TEXT.encode("utf-16"), ((1, None, NOT_UTF_16),)
    ),
    Case(
        "UTF-16 with a BOM, big end first",
        b"\xfe\xff" + GOOD_TEXT.encode("utf-16-be"),
        ((1, None, NOT_UTF_16),),
    ),
    Case(
        "UTF-16 where the mapping says so",
        said(BEN, JOSE).encode("utf-16"),
        rows=(BEN, JOSE),
        mapping=WIDE,
    ),
    Case(
        "UTF-16 cut in the middle of a character",
        GOOD_TEXT.encode("utf-16")[:-1],
        ((3, None, "text in UTF-16, with a BOM"),),
        mapping=WIDE,
    ),
    Case(
        "UTF-16 without a BOM",
        GOOD_TEXT.encode("utf-16-be"),
        ((1, None, "text in UTF-16, with a BOM"),),
        mapping=WIDE,
    ),
    Case(
        "UTF-8 where UTF-16 is said", GOOD, ((1, None, "text in UTF-16, with a BOM"),), mapping=WIDE
    ),
    Case("a name in Latin-1", said(BEN, JOSE).encode("latin-1"), ((3, None, UTF_8),)),
    Case(
        "a name in Latin-1 where the mapping says so",
        said(BEN, JOSE).encode("latin-1"),
        rows=(BEN, JOSE),
        mapping=LATIN_1,
    ),
    Case(
        "quotes and a euro of Windows-1252", said(BEN, EURO).encode("cp1252"), ((3, None, UTF_8),)
    ),
    Case(
        "quotes and a euro of Windows-1252 where the mapping says so",
        said(BEN, EURO).encode("cp1252"),
        rows=(BEN, EURO),
        mapping=WINDOWS,
    ),
    Case(
        "a byte that Windows-1252 does not have",
        GOOD.replace(b"Ada L", b"Ad\x81 L"),
        ((3, None, "text in Windows-1252"),),
        mapping=WINDOWS,
    ),
    Case(
        "Windows-1252 read as Latin-1",
        said(BEN, EURO).encode("cp1252"),
        ((3, "display_name", A_NAME),),
        mapping=LATIN_1,
    ),
    Case(
        "UTF-8 cut in the middle of a character",
        GOOD.replace(b"Ada L", b"Ad\xc3 L"),
        ((3, None, UTF_8),),
    ),
    Case("an overlong slash", GOOD.replace(b"Ada L", b"Ad\xc0\xaf L"), ((3, None, UTF_8),)),
    Case(
        "half of a surrogate pair", GOOD.replace(b"Ada L", b"Ad\xed\xa0\x80 L"), ((3, None, UTF_8),)
    ),
    Case(
        "a code point beyond Unicode",
        GOOD.replace(b"Ada L", b"Ad\xf5\x80\x80\x80 L"),
        ((3, None, UTF_8),),
    ),
    Case("a bad byte in the header", GOOD.replace(b"login", b"lo\xffgin"), ((1, None, UTF_8),)),
    Case(
        "a bad byte in each of two rows",
        GOOD.replace(b"Ada L", b"\xff").replace(b"Ben O", b"\xfe"),
        ((2, None, UTF_8), (3, None, UTF_8)),
    ),
    Case(
        "a bad byte and a wrong day",
        GOOD.replace(b"Ada L", b"Ad\xe9 L").replace(b"2020-01-15", b"x", 1),
        (
            (2, "onboarded_on", "a day as YYYY-MM-DD"),
            (3, None, UTF_8),
        ),
    ),
    Case("a NUL in an id", replaced("p1,", "p\x001,"), ((3, "person_id", AN_ID),)),
    Case(
        "NULs between all characters",
        b"\x00".join(bytes([byte]) for byte in b"person_id,login\n"),
        ((1, None, NOT_UTF_16),),
    ),
    wrong_cell("a NUL in a name", "display_name", "Ada\x00", A_NAME),
    wrong_cell("an escape sequence in a name", "display_name", "Ada\x1b[31m", A_NAME),
    wrong_cell("a delete character in a name", "display_name", "Ada\x7f", A_NAME),
    wrong_cell("a control character of Latin-1 in a name", "display_name", "Ada\x85", A_NAME),
    wrong_cell("a line separator in a name", "display_name", "Ada\u2028L", A_NAME),
    wrong_cell(
        "a mark that turns text around in a name", "display_name", "Ada\u202egpj.exe", A_NAME
    ),
    wrong_cell("an isolate mark in a name", "display_name", "Ada\u2066x", A_NAME),
    wrong_cell("a Cyrillic a in an id", "person_id", "\u0430da", AN_ID),
    wrong_cell("a full-width digit in an id", "person_id", "p\uff11", AN_ID),
    wrong_cell("an Arabic digit in an id", "person_id", "p\u0661", AN_ID),
    wrong_cell("a letter with a combining mark in an id", "person_id", "e\u0301", AN_ID),
    wrong_cell("a composed letter in an id", "person_id", "\u00e9", AN_ID),
    wrong_cell("a zero-width space in an id", "person_id", "p\u200b1", AN_ID),
    wrong_cell("a no-break space behind an id", "person_id", "p1\u00a0", AN_ID),
    wrong_cell("a tab behind an id", "person_id", "p1\t", AN_ID),
    wrong_cell("a soft hyphen in a department", "department_id", "phy\u00adsics", AN_ID),
    fine_cell("a no-break space in a name", "display_name", "Ada\u00a0Lovelace"),
    fine_cell("a name in Chinese", "display_name", "\u738b\u5c0f\u660e"),
    fine_cell("a name in Arabic", "display_name", "\u0639\u0628\u062f \u0627\u0644\u0644\u0647"),
    fine_cell("an emoji of several code points", "display_name", "Ada \U0001f469\u200d\U0001f4bb"),
    fine_cell(
        "a name spelled with combining marks is spelled with composed letters",
        "display_name",
        "Jose\u0301",
        "Jos\u00e9",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file_of_strange_bytes_is_read_or_refused_exactly(case: Case) -> None:
    check(case)
