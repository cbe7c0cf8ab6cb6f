"""A cycle file with errors is refused with all of them: file, line, field, what was expected."""

import re

import pytest

from rollout.cycle_file import CycleFileError, FileError, read_cycle
from support.training import shipped_text


def errors_of(text: str) -> list[FileError]:
    with pytest.raises(CycleFileError) as caught:
        read_cycle(text, "cycle.yaml")
    return list(caught.value.errors)


def changed(pattern: str, instead: str) -> tuple[str, int]:
    """The shipped file with the first match replaced, and the line on which that is."""
    text = shipped_text()
    match = re.search(pattern, text)
    assert match is not None, pattern
    line = text.count("\n", 0, match.start()) + 1
    return text[: match.start()] + instead + text[match.end() :], line


def test_the_shipped_file_is_whole() -> None:
    policy = read_cycle(shipped_text())
    assert policy.cycle.cycle == "2023-24"
    assert [group.group for group in policy.cycle.groups] == [
        "pilot",
        "graduate",
        "vp-research",
        "schools",
        "central",
    ]


@pytest.mark.parametrize(
    ("pattern", "instead", "field", "expected"),
    [
        ("opens_on: 2023-09-01", "opens_on: 2023-09-31", "opens_on", "a date"),
        ('daily_at: "09:00"', 'daily_at: "9 am"', "daily_at", "a time of day"),
        ("timezone: America/New_York", "timezone: Boston", "timezone", "an IANA time zone"),
        ("contact: pshtraining@mit.edu", "contact: us", "contact", "a mail address"),
        ("survey_url: null", "survey_url: http://x.org", "survey_url", "https://"),
        ("required_options: 1", "required_options: 4", "required_options", "at most the 3"),
        ("required_options: 1", "required_options: yes", "required_options", "a whole number"),
        ("  - option: B", "  - option: A", "options[1].option", "not used yet"),
        ("  - group: graduate\n", "  - group: pilot\n", "groups[1].group", "not used yet"),
        ("title: HR and IS&T Pilot", "titel: x", "groups[0].title", "the field is missing"),
        ("due_on: 2023-10-06", "due_on: 2023-09-06", "groups[0].due_on", "not before start_on"),
        ("due_on: 2023-10-06", "due_on: 2023-09-20", "groups[0].due_on", "at least 14 days"),
        ("due_on: 2024-03-29", "due_on: 2024-07-29", "groups[4].due_on", "closes_on"),
        ("start_on: 2023-09-11", "start_on: 2023-08-11", "groups[0].start_on", "opens_on"),
        ("closes_on: 2024-06-30", "closes_on: 2023-06-30", "closes_on", "not before opens_on"),
        (r"rules: \[graduate_third_year\]", "rules: [graduates]", "groups[1].when", "no rule"),
        (r"rules: \[graduate_third_year\]", "rules: [undergraduate]", "groups[1].when", "require"),
        (r"areas: \[vp-research\]", "kinds: [undergraduate]", "groups[2].when", "some rule's"),
        (r"areas: \[vp-research\]", "areas: [ist]", "groups[2].when", "takes them all"),
        (r"kinds: \[fellow\], paid: false", "kinds: [felow]", "rules[4].when.kinds[0]", "faculty"),
        (r"when: \{\}", "when: { paid: true }", "rules", "a last rule with 'when: {}'"),
        ("weekdays: .*", "weekdays: []", "release.weekdays", "a list of mon"),
        ("minimum_notice_days: 14", "minimum_notice_days: -1", "release.minimum_notice_days", "1"),
        ("kind: due_soon", "kind: nag", "reminders.before_due[2].kind", "one of reminder"),
        ("ordinal: 2, business_days: 5", "ordinal: 1, business_days: 5", "ordinal", "not used yet"),
        ("business_days: 10", "business_days: 0", "business_days", "a whole number from 1"),
        (
            "from: 2023-11-23, to: 2023-11-24",
            "from: 2023-11-24, to: 2023-11-23",
            "to",
            "not before",
        ),
        ("due_on: 2023-10-06", "due_on: 9999-12-31", "groups[0].due_on", "to 2200"),
        ("to: 2024-01-09", "to: 2099-01-09", "to", "less than 366 days"),
        ("business_days: 10", "business_days: 1000000", "business_days", "from 1 to 366"),
        ("area_id: null", "area_id: ist", "senders", "for every other area"),
        ("outcome: supplemental", "outcome: perhaps", "rules[0].outcome", "one of required"),
        ("year_from: 2, year_to: 2", "year_from: 2, year_to: 1", "rules[7].when", "year_to"),
        ("other_programme: true", "other_programm: true", "other_programm", "no such field"),
    ],
)
def test_an_error_names_its_line_its_field_and_what_was_expected(
    pattern: str, instead: str, field: str, expected: str
) -> None:
    text, line = changed(pattern, instead)
    found = [error for error in errors_of(text) if field in error.field]
    assert any(expected in error.expected for error in found), errors_of(text)
    assert all(error.file == "cycle.yaml" for error in found)
    assert any(abs(error.line - line) <= 4 for error in found), (line, found)


def test_all_errors_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = shipped_text().replace("opens_on: 2023-09-01", "opens_on: soon")
    text = text.replace("due_on: 2023-10-06", "due_on: 6 October")
    text = text.replace("minimum_notice_days: 14", "minimum_notice: 14")
    found = [(error.field, error.line) for error in errors_of(text)]
    assert [field for field, _ in found] == [
        "opens_on",
        "groups[0].due_on",
        "release.minimum_notice_days",
        "release.minimum_notice",
    ]
    assert [line for _, line in found] == sorted(line for _, line in found)


def test_an_unpaid_fellow_who_is_also_an_unpaid_appointee_is_a_contradiction() -> None:
    text = shipped_text().replace("[faculty, staff, unpaid_appointee", "[fellow, staff, affiliate")
    text = text.replace("affiliate, affiliate", "affiliate")
    (error,) = errors_of(text)
    assert error.field == "rules[10].when"
    assert "'unpaid_fellow'" in error.expected
    assert "required" in error.expected
    assert "not_in_scope" in error.expected


def test_a_rule_behind_a_wider_one_is_never_reached() -> None:
    text, _ = changed(r"when: \{ kinds: \[fellow\], paid: false \}", "when: { kinds: [fellow] }")
    found = errors_of(text)
    assert [error.field for error in found] == ["rules[5].when"]
    assert "'unpaid_fellow'" in found[0].expected


@pytest.mark.parametrize(
    "text", ["", "[]", "just words", "cycle: [", "a: 1\na: 2\n", "\x00", "a: &x [*x]"]
)
def test_what_is_not_a_cycle_file_at_all_is_refused_with_a_line(text: str) -> None:
    assert all(error.line >= 1 and error.expected for error in errors_of(text))


def test_a_small_file_that_stands_for_an_enormous_one_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 60)]
    (error,) = errors_of("\n".join([*lines, "title: *a59"]))
    assert "without anchors" in error.expected


def test_an_enormous_file_is_refused_before_it_is_read() -> None:
    (error,) = errors_of("a: " + "x" * 300_000)
    assert "at most" in error.expected
