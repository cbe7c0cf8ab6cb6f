"""Hostile files: days, ids, numbers and formulas that a spreadsheet or a person has spoiled."""

import pytest

from support.csv_cases import (
    A_DAY,
    A_NAME,
    A_SANE_DAY,
    AN_ID,
    GOOD_ROWS,
    Case,
    check,
    fine_cell,
    mapped,
    people_text,
    wrong_cell,
)
from support.rosters import ADA, BEN

A_NUMBER = "; this is a number as a spreadsheet writes it"
A_SERIAL = "; this is a spreadsheet's number of a day"
AMERICAN = "a day as YYYY-MM-DD or MM/DD/YYYY"
BOTH = "a day as MM/DD/YYYY or DD/MM/YYYY"
DIGITS = "9 digits; a spreadsheet may have taken leading zeros away"
AN_ADDRESS = "one address like name@example.edu, or nothing"
A_LOGIN = "1 to 64 characters without spaces or @, or nothing"
A_YEAR = "a whole number from 1 to 15, or nothing"
TRANSLATED = "a value that the mapping translates"
KINDS = (
    "one of affiliate, committee_member, faculty, fellow, graduate_student, staff, "
    "undergraduate, unpaid_appointee"
)
US_DAYS = mapped('dates = ["YYYY-MM-DD", "MM/DD/YYYY"]')
BOTH_DAYS = mapped('dates = ["MM/DD/YYYY", "DD/MM/YYYY"]')
SHORT_DAYS = mapped('dates = ["D-MON-YYYY"]')
NINE_DIGITS = mapped("id_digits = 9")
NULLS = mapped('nothing = ["NULL", "31-DEC-2099"]')
CODES = mapped('[fields.kind]\ncolumn = "kind"\nvalues = { S1 = "staff" }')
STAMPED = mapped('[columns]\nignore = ["stamp"]')


def days(text: str, **ada: str) -> bytes:
    """A good file whose days are spelled otherwise, with Ada's cells on line 3."""
    return people_text(
        BEN | {"onboarded_on": text, "start_on": text},
        ADA | {"onboarded_on": text, "start_on": text} | ada,
    ).encode()


def numbered(*ids: str) -> bytes:
    return people_text(*(ADA | {"person_id": each} for each in ids)).encode()


STUDENT = {"kind": "graduate_student"}

CASES = [
    wrong_cell("a European day", "onboarded_on", "15.01.2020", A_DAY),
    wrong_cell("an American day", "onboarded_on", "01/15/2020", A_DAY),
    wrong_cell("a day without hyphens", "onboarded_on", "20200115", A_DAY),
    wrong_cell("a day of a week", "onboarded_on", "2020-W03-3", A_DAY),
    wrong_cell("a day of a year", "onboarded_on", "2020-015", A_DAY),
    wrong_cell("a day with a time", "onboarded_on", "2020-01-15T00:00:00", A_DAY),
    wrong_cell("a day with spaces inside", "onboarded_on", "2020 -01-15", A_DAY),
    wrong_cell("a year of two digits", "onboarded_on", "20-01-15", A_DAY),
    wrong_cell("February 30", "onboarded_on", "2020-02-30", A_DAY),
    wrong_cell("February 29 of a common year", "onboarded_on", "2019-02-29", A_DAY),
    wrong_cell("month 13", "onboarded_on", "2020-13-01", A_DAY),
    wrong_cell("day 0", "onboarded_on", "2020-01-00", A_DAY),
    wrong_cell("year 0", "onboarded_on", "0000-01-01", A_DAY),
    wrong_cell("the nothing of MySQL", "separated_on", "0000-00-00", f"{A_DAY}, or nothing"),
    wrong_cell("a minus in front of a year", "onboarded_on", "-2020-01-15", A_DAY),
    wrong_cell("digits of another script", "onboarded_on", "२०२०-०१-१५", A_DAY),
    wrong_cell("long hyphens", "onboarded_on", "2020\u201301\u201315", A_DAY),
    wrong_cell("a word", "separated_on", "never", f"{A_DAY}, or nothing"),
    wrong_cell("NULL as a word", "separated_on", "NULL", f"{A_DAY}, or nothing"),
    wrong_cell("a spreadsheet's day", "onboarded_on", "43845", A_DAY + A_SERIAL),
    wrong_cell("a spreadsheet's day and time", "onboarded_on", "43845.5", A_DAY + A_SERIAL),
    wrong_cell(
        "a spreadsheet's day of leaving", "separated_on", "45170", f"{A_DAY}, or nothing{A_SERIAL}"
    ),
    wrong_cell("a column too narrow for its day", "onboarded_on", "########", A_DAY),
    wrong_cell("a day before all universities", "onboarded_on", "0020-01-15", A_SANE_DAY),
    wrong_cell("a day far ahead", "effective_on", "9999-12-31", A_SANE_DAY),
    wrong_cell(
        "the last day before the first",
        "separated_on",
        "2020-01-14",
        "a day not before onboarded_on",
    ),
    fine_cell("the last day on the first", "separated_on", "2020-01-15"),
    fine_cell("February 29 of a leap year", "onboarded_on", "2020-02-29"),
    Case(
        "American days where the mapping says so",
        days("01/15/2020"),
        rows=GOOD_ROWS,
        mapping=US_DAYS,
    ),
    Case(
        "a European day among American ones",
        days("01/15/2020", onboarded_on="15/01/2020"),
        ((3, "onboarded_on", AMERICAN),),
        mapping=US_DAYS,
    ),
    Case(
        "an American day without leading zeros",
        days("01/15/2020", start_on="1/15/2020"),
        ((3, "start_on", AMERICAN),),
        mapping=US_DAYS,
    ),
    Case(
        "a day that two formats read differently",
        days("01/15/2020", start_on="03/04/2020"),
        ((3, "start_on", f"{BOTH}, and one that only one of them fits"),),
        mapping=BOTH_DAYS,
    ),
    Case(
        "a day that two formats read alike",
        days("01/15/2020", start_on="03/03/2020"),
        rows=(BEN, ADA | {"start_on": "2020-03-03"}),
        mapping=BOTH_DAYS,
    ),
    Case(
        "a month by name, in any case",
        days("15-Jan-2020", start_on="5-JAN-2020"),
        rows=(BEN, ADA | {"start_on": "2020-01-05"}),
        mapping=SHORT_DAYS,
    ),
    Case(
        "a month by a name that is none",
        days("15-Jan-2020", start_on="15-Jänner-2020"),
        ((3, "start_on", "a day as D-MON-YYYY"),),
        mapping=SHORT_DAYS,
    ),
    Case(
        "words that mean nothing where the mapping says so",
        people_text(
            BEN, ADA | {"separated_on": "NULL", "end_on": "31-DEC-2099", "email": "NULL"}
        ).encode(),
        rows=(BEN, ADA | {"email": ""}),
        mapping=NULLS,
    ),
    wrong_cell("no id", "person_id", "", AN_ID),
    wrong_cell("a space in an id", "person_id", "p 1", AN_ID),
    wrong_cell("an address as id", "person_id", "ada@example.edu", AN_ID),
    wrong_cell("a minus in front of an id", "person_id", "-1", AN_ID),
    wrong_cell("an apostrophe in front of an id", "person_id", "'007", AN_ID),
    wrong_cell("an id with a thousands separator", "person_id", "900,123", AN_ID),
    wrong_cell("an id in scientific notation", "person_id", "9.00123E+08", AN_ID + A_NUMBER),
    wrong_cell(
        "an id in scientific notation with a comma", "person_id", "9,00123E+08", AN_ID + A_NUMBER
    ),
    wrong_cell(
        "an id in scientific notation without a sign", "person_id", "9.00123E08", "an id" + A_NUMBER
    ),
    wrong_cell("an id as a formula", "person_id", '="007"', AN_ID),
    wrong_cell("a path as id", "person_id", "../p1", AN_ID),
    wrong_cell("an id that would end a statement", "person_id", "p1';--", AN_ID),
    fine_cell("an id that is a number", "person_id", "007"),
    fine_cell("an id with an E in it", "person_id", "1E5"),
    Case(
        "ids that differ by a leading zero are two people",
        numbered("1", "01"),
        rows=(ADA | {"person_id": "1"}, ADA | {"person_id": "01"}),
    ),
    Case(
        "ids that differ by case are two people",
        numbered("P1", "p1"),
        rows=(ADA | {"person_id": "P1"}, ADA),
    ),
    Case(
        "an id that lost its leading zeros",
        numbered("900000001", "12345"),
        ((3, "person_id", DIGITS),),
        mapping=NINE_DIGITS,
    ),
    Case(
        "a supervisor who lost a leading zero",
        people_text(ADA | {"person_id": "900000001", "supervisor_id": "12345678"}).encode(),
        ((2, "supervisor_id", DIGITS),),
        mapping=NINE_DIGITS,
    ),
    Case(
        "an id with a decimal point behind",
        numbered("900000001.0"),
        ((2, "person_id", DIGITS),),
        mapping=NINE_DIGITS,
    ),
    Case(
        "ids of as many digits as there should be",
        numbered("000000001", "900000002"),
        rows=(ADA | {"person_id": "000000001"}, ADA | {"person_id": "900000002"}),
        mapping=NINE_DIGITS,
    ),
    wrong_cell("a number for true", "paid", "1", "true or false"),
    wrong_cell("a spreadsheet's true", "paid", "TRUE", "true or false"),
    wrong_cell("no kind", "kind", "", KINDS),
    wrong_cell("a kind in capitals", "kind", "Staff", KINDS),
    Case(
        "a code that the mapping translates",
        people_text(BEN | {"kind": "S1"}, ADA | {"kind": "S1"}).encode(),
        rows=GOOD_ROWS,
        mapping=CODES,
    ),
    Case(
        "a code that the mapping does not translate",
        people_text(BEN | {"kind": "S1"}, ADA | {"kind": "s1"}).encode(),
        ((3, "kind", TRANSLATED),),
        mapping=CODES,
    ),
    Case(
        "a year of study as a decimal",
        people_text(BEN, ADA | STUDENT | {"year_of_study": "3.0"}).encode(),
        ((3, "year_of_study", A_YEAR),),
    ),
    Case(
        "year of study 0",
        people_text(BEN, ADA | STUDENT | {"year_of_study": "0"}).encode(),
        ((3, "year_of_study", "a whole number from 1 to 15"),),
    ),
    Case(
        "year of study 16",
        people_text(BEN, ADA | STUDENT | {"year_of_study": "16"}).encode(),
        ((3, "year_of_study", "a whole number from 1 to 15"),),
    ),
    wrong_cell(
        "a year of study of somebody who does not study",
        "year_of_study",
        "3",
        "nothing: only students have a year of study",
    ),
    wrong_cell("two addresses", "email", "ada@example.edu;ben@example.edu", AN_ADDRESS),
    wrong_cell("an address with a name", "email", "Ada <ada@example.edu>", AN_ADDRESS),
    wrong_cell("an address that is a link", "email", "mailto:ada@example.edu", AN_ADDRESS),
    wrong_cell(
        "an address with a line break and a header",
        "email",
        "ada@example.edu\nBcc: x@y.zz",
        AN_ADDRESS,
    ),
    wrong_cell(
        "an address of 255 characters", "email", "a" * 64 + "@" + "b" * 186 + ".edu", AN_ADDRESS
    ),
    wrong_cell("a login with a space", "login", "a da", A_LOGIN),
    wrong_cell("a login that is an address", "login", "ada@example.edu", A_LOGIN),
    Case(
        "a leave of a kind we do not know",
        people_text(BEN, ADA | {"leave_kind": "holiday", "leave_start_on": "2023-01-01"}).encode(),
        ((3, "leave_kind", "one of junior_faculty, medical, military, parental, sabbatical"),),
    ),
    Case(
        "a leave without a kind",
        people_text(BEN, ADA | {"leave_start_on": "2023-01-01"}).encode(),
        ((3, "leave_kind", "one of junior_faculty, medical, military, parental, sabbatical"),),
    ),
    Case(
        "a leave without a first day",
        people_text(BEN, ADA | {"leave_kind": "medical"}).encode(),
        ((3, "leave_start_on", A_DAY),),
    ),
    fine_cell("a name that is a formula", "display_name", '=HYPERLINK("http://x.example","Ada")'),
    fine_cell("a name that starts with a plus", "display_name", "+1 Ada"),
    fine_cell("a name that starts with an at sign", "display_name", "@SUM(1)"),
    fine_cell("a name with markup", "display_name", "<script>alert(1)</script>"),
    fine_cell("a name that is NULL", "display_name", "NULL"),
    fine_cell(
        "a name that would end a statement", "display_name", "Robert'); DROP TABLE person;--"
    ),
    fine_cell("a name with two spaces inside", "display_name", "Ada  Lovelace"),
    wrong_cell("a name of spaces", "display_name", "   ", A_NAME),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_cell_that_somebody_spoiled_is_read_or_refused_exactly(case: Case) -> None:
    check(case)
