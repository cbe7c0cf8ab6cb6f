"""What the demo shows while it runs: on a terminal a live table, elsewhere a line a month."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

_REFRESH_SECONDS = 0.5
_COLUMNS = ("required", "released", "done", "overdue", "mails")

Figures = Sequence[Mapping[str, Any]]


def table(figures: Figures, title: str) -> Table:
    """One row per group of the cycle, and the total."""
    drawn = Table("group", title=title, title_justify="left")
    for column in _COLUMNS:
        drawn.add_column(column, justify="right")
    for row in figures:
        drawn.add_row(str(row["title"]), *(f"{row[column]:,}" for column in _COLUMNS))
    drawn.add_section()
    totals = (sum(row[column] for row in figures) for column in _COLUMNS)
    drawn.add_row("all groups", *(f"{total:,}" for total in totals))
    return drawn


class Show:
    """Shows figures on standard error, so that standard output stays for data."""

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        self._live = Live(console=self.console, auto_refresh=False) if self._rich else None
        self._shown = 0.0
        self._month = 0

    @property
    def _rich(self) -> bool:
        return self.console.is_terminal

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.stop()

    def say(self, text: str) -> None:
        """A line of its own."""
        self.console.print(text, highlight=False)

    def wants(self, now: datetime) -> bool:
        """Whether it is time to show figures again."""
        if self._live:
            return time.monotonic() - self._shown > _REFRESH_SECONDS
        return now.month != self._month

    def update(self, now: datetime, figures: Figures) -> None:
        """Show the figures of that calendar instant."""
        self._shown, self._month = time.monotonic(), now.month
        title = f"{now:%A, %B %-d, %Y, %H:%M}"
        if self._live:
            self._live.update(table(figures, title), refresh=True)
        else:
            totals = {name: sum(row[name] for row in figures) for name in _COLUMNS}
            self.say(f"{title}: " + ", ".join(f"{name} {n:,}" for name, n in totals.items()))
