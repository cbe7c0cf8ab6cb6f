"""Days and instants as sources spell them: a format like `MM/DD/YYYY`, and nothing but it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_TOKENS = {
    "YYYY": r"(?P<year>[0-9]{4})",
    "MON": rf"(?P<name>{'|'.join(_MONTHS)})",
    "MM": r"(?P<month>[0-9]{2})",
    "DD": r"(?P<day>[0-9]{2})",
    "M": r"(?P<month>[0-9]{1,2})",
    "D": r"(?P<day>[0-9]{1,2})",
    "hh": r"(?P<hour>[0-9]{2})",
    "mm": r"(?P<minute>[0-9]{2})",
    "ss": r"(?P<second>[0-9]{2})",
}
_TOKEN = re.compile("|".join(_TOKENS))
_SERIAL = re.compile(r"[1-9][0-9]{4}(\.[0-9]+)?")
_DAY_PARTS = frozenset({"year", "month", "day"})

ISO_DAY = "YYYY-MM-DD"
ISO_INSTANT = "ISO 8601"
DayParser = Callable[[str], "date | None"]
InstantParser = Callable[[str], "datetime | None"]


class Ambiguous(ValueError):
    """Several of the formats fit, and they mean different days."""


def flaw_of_format(text: str) -> str | None:
    """What is wrong with a format of days, as a sentence; None when nothing is."""
    parts = [_part_of(token) for token in _TOKEN.findall(text)]
    if sorted(part for part in parts if part in _DAY_PARTS) != sorted(_DAY_PARTS):
        return "each of YYYY, MM (or M, MON) and DD (or D) exactly once"
    if len(parts) > len(_DAY_PARTS):
        return "a day has no hours, minutes or seconds"
    return None


def day_parser(formats: Sequence[str]) -> DayParser:
    """A function from a cell to the day it spells, None when it spells none.

    It raises `Ambiguous` when two formats fit and disagree: 03/04/2023 where a file has both
    American and European days is nobody's to guess.
    """
    patterns = [_pattern(each) for each in formats]

    @lru_cache(maxsize=65_536)
    def parse(text: str) -> date | None:
        found = {day for pattern in patterns if (day := _day(pattern, text)) is not None}
        if len(found) > 1:
            raise Ambiguous
        return found.pop() if found else None

    return parse


def instant_parser(text: str, zone: str) -> InstantParser:
    """A function from a cell to an instant; without an offset of its own it is in `zone`."""
    place = ZoneInfo(zone)
    if text == ISO_INSTANT:
        return lambda cell: _iso_instant(cell, place)
    pattern = _pattern(text)

    def parse(cell: str) -> datetime | None:
        match = pattern.fullmatch(cell)
        day = _day(pattern, cell)
        if match is None or day is None:
            return None
        groups = match.groupdict()
        hour, minute, second = (int(groups.get(part) or 0) for part in ("hour", "minute", "second"))
        if hour > 23 or minute > 59 or second > 59:
            return None
        return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=place)

    return parse


def is_serial(text: str) -> bool:
    """Whether a spreadsheet may have made this number of a day: 45170 is 2023-09-01."""
    return _SERIAL.fullmatch(text) is not None


def spoken(formats: Iterable[str]) -> str:
    """The formats as they stand in an error message."""
    return " or ".join(formats)


def _part_of(token: str) -> str:
    named = re.match(r"\(\?P<(\w+)>", _TOKENS[token])
    assert named is not None
    return "month" if named[1] == "name" else named[1]


@lru_cache(maxsize=64)
def _pattern(text: str) -> re.Pattern[str]:
    pieces, end = [], 0
    for match in _TOKEN.finditer(text):
        pieces += [re.escape(text[end : match.start()]), _TOKENS[match[0]]]
        end = match.end()
    return re.compile("".join([*pieces, re.escape(text[end:])]), re.IGNORECASE | re.ASCII)


def _day(pattern: re.Pattern[str], text: str) -> date | None:
    match = pattern.fullmatch(text)
    if match is None:
        return None
    groups = match.groupdict()
    name = groups.get("name")
    month = _MONTHS.index(name.upper()) + 1 if name else int(groups["month"])
    try:
        return date(int(groups["year"]), month, int(groups["day"]))
    except ValueError:
        return None


def _iso_instant(text: str, place: ZoneInfo) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=place)
