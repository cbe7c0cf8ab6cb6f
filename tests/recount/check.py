"""One comparison and what it found."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

SHOWN_DIFFERENCES = 20


@dataclass
class Check:
    """A named comparison: how much was compared, and every difference with its coordinates."""

    name: str
    compared: int = 0
    differences: list[str] = field(default_factory=list)
    note: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing differs, and there was something to compare."""
        return not self.differences and self.compared > 0

    def expect(self, where: str, expected: object, found: object) -> None:
        """Compare one thing."""
        self.compared += 1
        if expected != found:
            self.differences.append(f"{where}: expected {expected}, found {found}")

    def complain(self, differences: Iterable[str]) -> None:
        """Add differences found elsewhere."""
        self.differences.extend(differences)

    def lines(self) -> list[str]:
        """The summary line, then the first differences."""
        verdict = "ok" if self.ok else f"{len(self.differences)} DIFFERENCES"
        if not self.compared:
            verdict = "NOTHING TO COMPARE"
        note = f" ({self.note})" if self.note else ""
        head = f"{self.name}: {self.compared} compared, {verdict}{note}"
        more = len(self.differences) - SHOWN_DIFFERENCES
        tail = [f"  … and {more} more"] if more > 0 else []
        return [head, *(f"  {each}" for each in self.differences[:SHOWN_DIFFERENCES]), *tail]

    def as_json(self) -> dict[str, Any]:
        """The same for machines; `count` is of all differences."""
        return {
            "name": self.name,
            "ok": self.ok,
            "compared": self.compared,
            "count": len(self.differences),
            "differences": self.differences[:SHOWN_DIFFERENCES],
            "note": self.note,
        }
