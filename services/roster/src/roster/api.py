"""The roster over HTTP, for machines: import files, look a person up."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Depends, Query, Request

from chassis.errors import describe, is_transient
from chassis.http import Problem, Running, require_machine
from chassis.postgres import Connection
from roster.csv_import import InvalidFile, departments_from, people_from
from roster.handlers.imports import Imported, import_departments, import_people
from roster.handlers.show import show_person

FILE_MAX_BYTES = 256 * 1024 * 1024

DryRun = Annotated[bool, Query(description="Say what would change, and change nothing.")]
Import = Callable[[Connection, BinaryIO], Awaitable[Imported]]


def create_router() -> APIRouter:
    """The routes; imports of one process wait for each other without holding a connection."""
    router = APIRouter(tags=["roster"], dependencies=[Depends(require_machine)])
    turn = asyncio.Lock()

    @router.post("/imports/people")
    async def people(request: Request, runtime: Running, dry_run: DryRun = False) -> dict[str, Any]:
        """Take in people.csv (text/csv, UTF-8, at most 256 MB): all of it, or nothing."""

        def work(connection: Connection, file: BinaryIO) -> Awaitable[Imported]:
            source, zone = people_from(file, "people.csv"), runtime.settings.timezone
            return import_people(connection, source, runtime.calendar, zone=zone, dry_run=dry_run)

        return await _import(request, runtime, turn, work)

    @router.post("/imports/departments")
    async def departments(
        request: Request, runtime: Running, dry_run: DryRun = False
    ) -> dict[str, Any]:
        """Take in departments.csv (text/csv, UTF-8, at most 256 MB): all of it, or nothing."""

        def work(connection: Connection, file: BinaryIO) -> Awaitable[Imported]:
            source, zone = departments_from(file, "departments.csv"), runtime.settings.timezone
            return import_departments(
                connection, source, runtime.calendar, zone=zone, dry_run=dry_run
            )

        return await _import(request, runtime, turn, work)

    @router.get("/people/{person_id}")
    async def person(person_id: str, runtime: Running) -> dict[str, Any]:
        """One person as published: the present state and the versions behind it, by ids."""
        async with runtime.pool.acquire() as connection:
            shown = await show_person(connection, person_id)
        if shown is None:
            raise Problem(404, "Unknown person")
        return shown

    return router


async def _import(
    request: Request, runtime: Any, turn: asyncio.Lock, work: Import
) -> dict[str, Any]:
    _require_csv(request)
    with tempfile.TemporaryFile() as file:
        await _spool(request, file)
        async with turn:
            imported = await _answered(runtime, work, file)
    runtime.wake()
    return imported.as_json()


async def _answered(runtime: Any, work: Import, file: BinaryIO) -> Imported:
    """Run the import; every way it can fail leaves the roster as it was."""
    try:
        async with runtime.pool.acquire() as connection:
            return await work(connection, file)
    except InvalidFile as invalid:
        detail = "Nothing of it was applied."
        raise Problem(422, "The file has mistakes", detail, **invalid.as_json()) from None
    except Exception as error:
        if not is_transient(error):
            raise
        detail = f"Nothing was applied; try again later. ({describe(error)})"
        raise Problem(503, "The database is not available", detail) from None


def _require_csv(request: Request) -> None:
    media_type, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    charset = parameters.partition("charset=")[2].strip(' "') or "utf-8"
    if media_type.strip() != "text/csv" or charset not in {"utf-8", "utf8"}:
        raise Problem(415, "Unsupported media type", "Send text/csv in UTF-8.")


async def _spool(request: Request, file: BinaryIO) -> None:
    """The body onto disk: a slow sender must not keep a transaction open."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > FILE_MAX_BYTES:
        raise _too_large()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > FILE_MAX_BYTES:
            raise _too_large()
        file.write(chunk)
    file.seek(0)


def _too_large() -> Problem:
    return Problem(413, "Content too large", f"at most {FILE_MAX_BYTES} bytes")
