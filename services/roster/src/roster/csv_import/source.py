"""A file as its import consumes it: batches read in a thread, so that the service goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, BinaryIO, TypeVar

from roster.csv_import.departments import DEPARTMENTS, read_departments
from roster.csv_import.fields import Fields
from roster.csv_import.mapping import Mapping
from roster.csv_import.people import People
from roster.csv_import.presets import DEFAULT, preset
from roster.csv_import.rejects import Rejects
from roster.csv_import.table import Layout, Table
from roster.domain import Department, Report
from roster.handlers.import_files import Rules

BATCH = 2_000

T = TypeVar("T")


class DepartmentsSource:
    """The departments of one file, to be read once; any mistake ends it with InvalidFile."""

    def __init__(self, stream: BinaryIO, file: str) -> None:
        self._table = Table(stream, file, DEPARTMENTS)

    @property
    def sha256(self) -> str:
        """Digest of the file, once it was read to its end."""
        return self._table.sha256

    async def __aiter__(self) -> AsyncIterator[Sequence[Department]]:
        async for batch in _in_a_thread(read_departments(self._table, BATCH)):
            yield batch


class PeopleSource:
    """The people of one file, to be read once; any mistake ends it with InvalidFile.

    With `rejects`, bad people go there instead, and only what makes the whole file unreadable
    raises.
    """

    def __init__(
        self,
        stream: BinaryIO,
        file: str,
        mapping: Mapping,
        *,
        zone: str,
        rejects: Rejects | None = None,
    ) -> None:
        self.file = file
        self.mapping = mapping
        self._table = Table(stream, file, layout_of(mapping))
        self._people = People(self._table, Fields(mapping, zone), rejects)

    @property
    def sha256(self) -> str:
        """Digest of the file, once it was read to its end."""
        return self._table.sha256

    @property
    def retracted(self) -> frozenset[str]:
        """People handed on of whom more rows came later: of them nothing is to be taken."""
        return frozenset(self._people.retracted)

    @property
    def rules(self) -> Rules:
        """How the mapping wants the file to be taken."""
        mapping = self.mapping
        return Rules(
            source=mapping.source,
            mapping=mapping.name,
            whole=mapping.mode == "full",
            brake_percent=mapping.brake.percent,
            brake_at_least=mapping.brake.at_least,
        )

    @property
    def left_out(self) -> dict[str, int]:
        """What was left out: rows refused, rows passed over, cells of demographic columns."""
        return {
            "rejected_rows": self._people.rejected,
            "skipped_rows": self._people.skipped_rows,
            "dropped_cells": self._people.dropped_cells,
        }

    def mistakes_as_json(self) -> dict[str, Any]:
        """Why rows were refused, the first thousand reasons."""
        return self._table.errors.as_raised().as_json()

    async def __aiter__(self) -> AsyncIterator[Sequence[Report]]:
        async for batch in _in_a_thread(self._people.batches(BATCH)):
            yield batch


def people_from(
    stream: BinaryIO,
    file: str,
    mapping: Mapping | None = None,
    *,
    zone: str = "UTC",
    rejects: Rejects | None = None,
) -> PeopleSource:
    """The people of a CSV file, in our own format unless a mapping says otherwise.

    `file` is its name in error messages; `zone` the institution's, in which instants are that
    have no offset.
    """
    return PeopleSource(stream, file, mapping or preset(DEFAULT), zone=zone, rejects=rejects)


def departments_from(stream: BinaryIO, file: str) -> DepartmentsSource:
    """The departments of a CSV file; `file` is its name in error messages."""
    return DepartmentsSource(stream, file)


def layout_of(mapping: Mapping) -> Layout:
    """The columns of a file that the mapping fits."""
    return Layout(
        columns=mapping.columns,
        optional=mapping.optional_columns,
        ignored=frozenset(mapping.ignored),
        dropped=frozenset(mapping.dropped),
        others=mapping.others,
        delimiter=mapping.delimiter,
        encoding=mapping.encoding,
    )


async def _in_a_thread(batches: Iterator[list[T]]) -> AsyncIterator[list[T]]:
    """The batches; while one is worked on, the next is read."""
    reading = asyncio.create_task(asyncio.to_thread(next, batches, None))
    try:
        while (batch := await reading) is not None:
            reading = asyncio.create_task(asyncio.to_thread(next, batches, None))
            yield batch
    finally:
        # A thread cannot be cancelled: it must not go on reading a file that is being closed.
        await asyncio.wait([reading])
        if not reading.cancelled():
            reading.exception()
