"""Batches as unnest takes them."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def columns(rows: Collection[Sequence[object]], width: int) -> list[list[object]]:
    """Rows as one list per column, also when there are none."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]
