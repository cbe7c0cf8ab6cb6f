"""Civil days: which of them are working days, and counting along them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class WorkingDays:
    """Weekdays (0 is Monday) without the closed days."""

    weekdays: frozenset[int]
    closed: frozenset[date]

    def __contains__(self, day: date) -> bool:
        return day.weekday() in self.weekdays and day not in self.closed

    def between(self, first: date, last: date) -> list[date]:
        """The working days from `first` to `last`, both included."""
        return [day for day in span(first, last) if day in self]

    def after(self, day: date, count: int = 1) -> date:
        """The `count`-th working day after `day`, which itself is not counted."""
        return self._walk(day, count, ONE_DAY)

    def before(self, day: date, count: int) -> date:
        """The `count`-th working day before `day`, which itself is not counted."""
        return self._walk(day, count, -ONE_DAY)

    def _walk(self, day: date, count: int, step: timedelta) -> date:
        while count:
            day += step
            count -= day in self
        return day


def span(first: date, last: date) -> Iterator[date]:
    """Every day from `first` to `last`, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
