"""A file as its import consumes it: batches read in a thread, so that the service goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import BinaryIO, Generic, TypeVar

from roster.csv_import.departments import DEPARTMENT_COLUMNS, read_departments
from roster.csv_import.people import PEOPLE_COLUMNS, read_people
from roster.csv_import.table import Table
from roster.domain import Department, Report

BATCH = 2_000

T = TypeVar("T")


class CsvSource(Generic[T]):
    """The records of one file, to be read once; iterating ends with InvalidFile on any mistake."""

    def __init__(self, table: Table, batches: Iterator[list[T]]) -> None:
        self._table = table
        self._batches = batches

    @property
    def sha256(self) -> str:
        """Digest of the file, once it was read to its end."""
        return self._table.sha256

    async def __aiter__(self) -> AsyncIterator[Sequence[T]]:
        while (batch := await asyncio.to_thread(next, self._batches, None)) is not None:
            yield batch


def people_from(stream: BinaryIO, file: str) -> CsvSource[Report]:
    """The people of a CSV file; `file` is its name in error messages."""
    table = Table(stream, file, PEOPLE_COLUMNS)
    return CsvSource(table, read_people(table, BATCH))


def departments_from(stream: BinaryIO, file: str) -> CsvSource[Department]:
    """The departments of a CSV file; `file` is its name in error messages."""
    table = Table(stream, file, DEPARTMENT_COLUMNS)
    return CsvSource(table, read_departments(table, BATCH))
