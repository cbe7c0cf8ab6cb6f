"""What a mapping file may say: its tree of TOML, checked key by key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from roster.csv_import.dates import ISO_DAY, ISO_INSTANT, day_parser, flaw_of_format
from roster.csv_import.mapping import (
    APPOINTMENT_FIELDS,
    DAY_FIELDS,
    FIELDS,
    LEAVE_FIELDS,
    Brake,
    Mapping,
    ReportedAt,
    Rule,
    is_demographic,
)
from roster.domain import APPOINTMENT_KINDS, LeaveKind

ENCODINGS = ("utf-8", "utf-16", "cp1252", "latin-1")
DELIMITERS = (",", ";", "\t", "|")
_TOP = ("description", "source", "mode", "rows", "encoding", "delimiter", "dates", "nothing",
        "id_digits", "reported_at", "brake", "columns", "skip", "fields")  # fmt: skip
_RULE = ("column", "columns", "join", "constant", "values", "otherwise", "dates", "optional")
_NEEDED = ("person_id", "display_name", "onboarded_on")
_NEEDED_OF_APPOINTMENT = ("appointment_id", "kind", "paid", "department_id", "start_on")
_ANSWERS = {
    "kind": APPOINTMENT_KINDS,
    "paid": {"true", "false"},
    "ex_officio": {"true", "false"},
    "leave_kind": set(LeaveKind) | {""},
}

Key = tuple[str, ...]


class Reader:
    """Reads one tree; what is wrong with it is in `mistakes`, as key and what was expected."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self._tree = tree
        self.mistakes: list[tuple[Key, str]] = []

    def mapping(self, name: str) -> Mapping:
        """What the file says; of no use when there were mistakes."""
        self._known(self._tree, _TOP, ())
        columns = self._table(("columns",))
        self._known(columns, ("ignore", "drop", "others"), ("columns",))
        defaults = Mapping(name, {})
        mapping = Mapping(
            name=name,
            rules=self._rules(),
            description=self._text(("description",), ""),
            source=self._source(),
            mode=self._one_of(("mode",), ("full", "delta"), defaults.mode),
            rows=self._one_of(("rows",), ("appointment", "person"), defaults.rows),
            encoding=self._one_of(("encoding",), ENCODINGS, defaults.encoding),
            delimiter=self._one_of(("delimiter",), DELIMITERS, defaults.delimiter),
            dates=self._dates(("dates",)) or defaults.dates,
            nothing=self._texts(("nothing",)),
            id_digits=self._number(("id_digits",), range(1, 65)),
            reported_at=self._reported_at(),
            brake=self._brake(),
            ignored=self._texts(("columns", "ignore")),
            dropped=self._texts(("columns", "drop")),
            others=self._one_of(("columns", "others"), ("refuse", "ignore"), defaults.others),
            skipped={
                column: frozenset(self._texts(("skip", column)))
                for column in self._table(("skip",))
            },
        )
        self._together(mapping)
        return mapping

    def _rules(self) -> dict[str, Rule]:
        table = self._table(("fields",))
        self._known(table, FIELDS, ("fields",))
        return {name: self._rule(name) for name in FIELDS if name in table}

    def _rule(self, name: str) -> Rule:
        key = ("fields", name)
        value = self._get(key)
        if isinstance(value, str) and value:
            rule = Rule(((value,),))
            self._rule_together(key, name, rule)
            return rule
        if not isinstance(value, dict):
            self._wrong(key, 'a column, like "Employee ID", or a table')
            return Rule()
        self._known(value, _RULE, key)
        given = [each for each in ("column", "columns", "constant") if each in value]
        if len(given) != 1:
            self._wrong(key, "exactly one of column, columns and constant")
        rule = Rule(
            parts=self._parts(key, value),
            join=self._text((*key, "join"), " "),
            constant=self._text((*key, "constant")),
            values=self._values(key, name),
            otherwise=self._answer((*key, "otherwise"), name, value.get("otherwise")),
            dates=self._dates((*key, "dates")),
            optional=value.get("optional") is True,
        )
        self._rule_together(key, name, rule)
        return rule

    def _parts(self, key: Key, value: dict[str, Any]) -> tuple[tuple[str, ...], ...]:
        """The column, or the columns to join; a list among them is tried in turn."""
        column, columns = value.get("column"), value.get("columns")
        if isinstance(column, str) and column:
            return ((column,),)
        if isinstance(columns, list) and columns:
            parts = [tuple(each) if isinstance(each, list) else (each,) for each in columns]
            if all(part and all(isinstance(name, str) and name for name in part) for part in parts):
                return tuple(parts)
        if column is not None or columns is not None:
            wanted = (
                'the name of a column, or in columns a list like [["Preferred", "First"], "Last"]'
            )
            self._wrong(key, wanted)
        return ()

    def _rule_together(self, key: Key, name: str, rule: Rule) -> None:
        if rule.constant and name in DAY_FIELDS and day_parser((ISO_DAY,))(rule.constant) is None:
            self._wrong((*key, "constant"), "a day as YYYY-MM-DD")
        if rule.dates and name not in DAY_FIELDS:
            self._wrong((*key, "dates"), "nothing: this field is no day")
        if rule.otherwise is not None and not rule.values:
            self._wrong((*key, "otherwise"), "nothing where there are no values")
        for column in rule.columns:
            if is_demographic(column):
                self._wrong(key, "a column that says nothing about sex, race, birth or the like")

    def _values(self, key: Key, name: str) -> dict[str, str]:
        key = (*key, "values")
        return {
            cell: self._answer((*key, cell), name, answer) or ""
            for cell, answer in self._table(key).items()
        }

    def _answer(self, key: Key, name: str, value: object) -> str | None:
        if value is None:
            return None
        text = str(value).lower() if isinstance(value, bool) else value
        if not isinstance(text, str):
            self._wrong(key, "a text")
            return None
        if name in _ANSWERS and text not in _ANSWERS[name]:
            wanted = ", ".join(sorted(each or '""' for each in _ANSWERS[name]))
            self._wrong(key, f"one of {wanted}")
        return text

    def _source(self) -> str:
        source = self._text(("source",), "hr")
        if not (source and len(source) <= 32 and source.replace("-", "").isalnum()):
            self._wrong(("source",), "1 to 32 letters, digits or hyphens, like hr or students")
        return source or "hr"

    def _reported_at(self) -> ReportedAt | None:
        table = self._table(("reported_at",))
        if not table:
            return None
        self._known(table, ("column", "format", "zone"), ("reported_at",))
        column = self._text(("reported_at", "column"))
        if not column:
            self._wrong(("reported_at", "column"), "the column that says when the source said so")
        zone = self._text(("reported_at", "zone"))
        if zone is not None and not _is_zone(zone):
            self._wrong(("reported_at", "zone"), "a zone like America/New_York")
        return ReportedAt(
            column or "", self._text(("reported_at", "format"), ISO_INSTANT) or "", zone
        )

    def _brake(self) -> Brake:
        table = self._table(("brake",))
        self._known(table, ("percent", "at_least"), ("brake",))
        percent = table.get("percent", Brake().percent)
        if isinstance(percent, bool) or not isinstance(percent, int | float):
            percent = -1
        if not 0 <= percent <= 100:
            self._wrong(("brake", "percent"), "a number from 0 to 100")
        at_least = self._number(("brake", "at_least"), range(1_000_001))
        return Brake(float(percent), Brake().at_least if at_least is None else at_least)

    def _together(self, mapping: Mapping) -> None:
        """What only the whole can get wrong."""
        given = mapping.rules
        needed = list(_NEEDED)
        if any(name in given for name in APPOINTMENT_FIELDS):
            needed += _NEEDED_OF_APPOINTMENT
        if any(name in given for name in LEAVE_FIELDS):
            needed += LEAVE_FIELDS[:2]
        for name in needed:
            if name not in given:
                self._wrong(("fields", name), "a column or a constant: this field is needed")
        elsewhere = [*mapping.ignored, *mapping.dropped]
        for column in mapping.columns:
            if column in elsewhere:
                self._wrong(("columns",), f"{column} either read or left out")

    def _dates(self, key: Key) -> tuple[str, ...]:
        formats = self._texts(key)
        for each in formats:
            if flaw := flaw_of_format(each):
                self._wrong(key, f"a format like YYYY-MM-DD: {flaw}")
        return formats

    def _get(self, key: Key) -> Any:
        value: Any = self._tree
        for part in key:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def _table(self, key: Key) -> dict[str, Any]:
        value = self._get(key)
        if value is None or isinstance(value, dict):
            return value or {}
        self._wrong(key, "a table")
        return {}

    def _text(self, key: Key, default: str | None = None) -> str | Any:
        value = self._get(key)
        if isinstance(value, bool) and key[-1] == "constant":
            return str(value).lower()
        if value is None or isinstance(value, str):
            return default if value is None else value
        self._wrong(key, "a text")
        return default

    def _texts(self, key: Key) -> tuple[str, ...]:
        value = self._get(key)
        if value is None:
            return ()
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(value)
        self._wrong(key, "a list of texts")
        return ()

    def _number(self, key: Key, wanted: range) -> int | None:
        value = self._get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value not in wanted:
            self._wrong(key, f"a whole number from {wanted.start} to {wanted.stop - 1}")
            return None
        return value

    def _one_of(self, key: Key, wanted: Iterable[str], default: str) -> Any:
        value = self._text(key, default)
        if value not in wanted:
            self._wrong(key, f"one of {', '.join(repr(each) for each in wanted)}")
        return value

    def _known(self, table: dict[str, Any], wanted: Iterable[str], key: Key) -> None:
        for name in table:
            if name not in wanted:
                self._wrong((*key, name), f"one of {', '.join(wanted)}")

    def _wrong(self, key: Key, expected: str) -> None:
        self.mistakes.append((key, expected))


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
