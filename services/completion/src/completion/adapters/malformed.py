"""The one error of the adapters."""

from __future__ import annotations


class Malformed(Exception):
    """A message that cannot be read: which field, and what is wrong with it, never its value."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field = field
        self.problem = problem
