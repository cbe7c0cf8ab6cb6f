"""From the cells of a row to our fields, as the mapping says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import NamedTuple

from roster.csv_import.dates import ISO_DAY, DayParser, day_parser, instant_parser, spoken
from roster.csv_import.errors import Errors
from roster.csv_import.mapping import DAY_FIELDS, FIELDS, Mapping, Rule


class PeopleRow(NamedTuple):
    """The fields of one row, still as text."""

    person_id: str
    login: str
    email: str
    display_name: str
    onboarded_on: str
    separated_on: str
    effective_on: str
    appointment_id: str
    kind: str
    paid: str
    department_id: str
    start_on: str
    end_on: str
    year_of_study: str
    supervisor_id: str
    nominated_by: str
    ex_officio: str
    leave_kind: str
    leave_start_on: str
    leave_end_on: str

    @property
    def appointment(self) -> tuple[str, ...]:
        """What belongs to the appointment, its id apart."""
        return self[8:17]

    @property
    def person(self) -> tuple[str, ...]:
        """What belongs to the person and is the same on each of its rows."""
        return self[:7] + self[17:]


assert PeopleRow._fields == FIELDS
PERSON_COLUMNS = PeopleRow(*FIELDS).person
_APPOINTMENT = slice(7, 17)

Getter = Callable[[Sequence[str]], "str | None"]


class Fields:
    """The mapping, ready to be used on many rows."""

    def __init__(self, mapping: Mapping, zone: str) -> None:
        self.mapping = mapping
        self._index = {column: index for index, column in enumerate(mapping.columns)}
        self._skipped = [(self._index[name], cells) for name, cells in mapping.skipped.items()]
        self._getters = [self._getter(name) for name in FIELDS]
        self._straight = self._straight_through()
        # What tells that a row has an appointment at all: a constant is on every row.
        self._telling = [
            self._text_of(rule)
            for name in ("appointment_id", "department_id")
            if (rule := mapping.rules.get(name)) and rule.parts
        ]
        self._days = {name: self._day_parser(name) for name in DAY_FIELDS}
        at = mapping.reported_at
        self._instant = instant_parser(at.format, at.zone or zone) if at else None

    def is_skipped(self, cells: Sequence[str]) -> bool:
        """Whether the mapping passes this row over."""
        return any(cells[index] in values for index, values in self._skipped)

    def row(self, line: int, cells: list[str], errors: Errors) -> PeopleRow:
        """The fields of a row; a cell that the mapping does not translate is a mistake."""
        if self._straight is not None:
            cells.append("")
            return PeopleRow._make(self._straight(cells))
        texts = [get(cells) for get in self._getters]
        if not any(get(cells) for get in self._telling):
            texts[_APPOINTMENT] = [""] * len(texts[_APPOINTMENT])
        for position, text in enumerate(texts):
            if text is None:
                texts[position] = self._stand_in(line, FIELDS[position], errors)
        row = PeopleRow._make(texts)
        # A code that means no leave has days of its own in many extracts.
        rule = self.mapping.rules.get("leave_kind")
        if rule and rule.values and not row.leave_kind:
            row = row._replace(leave_start_on="", leave_end_on="")
        return row

    def day(self, name: str, text: str) -> date | None:
        """The day that the field's text spells; raises `dates.Ambiguous`."""
        return self._days[name][0](text)

    def spoken_days(self, name: str) -> str:
        """How days of this field are spelled, for people."""
        return self._days[name][1]

    def reported_at(self, line: int, cells: Sequence[str], errors: Errors) -> datetime | None:
        """When the source said this row; None where it does not say."""
        at = self.mapping.reported_at
        if at is None or self._instant is None:
            return None
        text = cells[self._index[at.column]]
        instant = self._instant(text) if text else None
        if text and instant is None:
            errors.add(line, at.column, f"an instant as {at.format}, or nothing")
        return instant

    def _stand_in(self, line: int, name: str, errors: Errors) -> str:
        errors.add(line, self.mapping.place_of(name), "a value that the mapping translates")
        return next(iter(self.mapping.rules[name].values.values()))

    def _day_parser(self, name: str) -> tuple[DayParser, str]:
        rule = self.mapping.rules.get(name, Rule())
        formats = (ISO_DAY,) if rule.constant else rule.dates or self.mapping.dates
        return day_parser(formats), spoken(formats)

    def _straight_through(self) -> Callable[[Sequence[str]], tuple[str, ...]] | None:
        """One call for a whole row where every field is a cell as it stands."""
        rules = self.mapping.rules
        if self.mapping.nothing or not all(rule.is_plain for rule in rules.values()):
            return None
        behind = len(self._index)
        indexes = [
            self._index[rules[name].columns[0]] if name in rules else behind for name in FIELDS
        ]
        return itemgetter(*indexes)

    def _getter(self, name: str) -> Getter:
        rule = self.mapping.rules.get(name)
        if rule is None:
            return lambda _: ""
        if rule.constant is not None:
            constant = rule.constant
            return lambda _: constant
        plain = self._text_of(rule)
        if not rule.values:
            return plain
        values, otherwise = rule.values, rule.otherwise
        return lambda cells: values.get(plain(cells), otherwise)

    def _text_of(self, rule: Rule) -> Callable[[Sequence[str]], str]:
        parts = [tuple(self._index[column] for column in part) for part in rule.parts]
        nothing, glue = frozenset(("", *self.mapping.nothing)), rule.join

        def first(cells: Sequence[str], part: Sequence[int]) -> str:
            return next((cells[index] for index in part if cells[index] not in nothing), "")

        if len(parts) == 1:
            return lambda cells: first(cells, parts[0])
        return lambda cells: glue.join(filter(None, (first(cells, part) for part in parts)))
