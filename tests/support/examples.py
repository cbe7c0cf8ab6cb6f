"""The committed examples: one record per event and state worth showing, kept for ever."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.registry import EVENTS

CONTRACTS = Path(__file__).parents[2] / "schemas"


@dataclass(frozen=True, slots=True)
class Example:
    """One file below `schemas/examples/`; `value` and `headers` as their JSON says."""

    path: Path
    event_type: str
    title: str
    key: str
    headers: dict[str, str]
    value: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.event_type}-{self.path.stem}"

    @property
    def payload(self) -> bytes:
        """The value as it would travel."""
        return json.dumps(self.value).encode()


def every_example() -> list[Example]:
    """All of them, in order of type and number."""
    paths = sorted((CONTRACTS / "examples").glob("*/*.json"))
    return [
        Example(path, path.parent.name, **json.loads(path.read_text(encoding="utf-8")))
        for path in paths
    ]


def event_examples() -> list[Example]:
    """Those of events that the platform itself publishes."""
    return [example for example in every_example() if example.event_type in EVENTS]
