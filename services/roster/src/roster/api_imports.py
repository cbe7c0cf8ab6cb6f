"""Files over HTTP: upload, see what they would do, follow them to their end."""

from __future__ import annotations

import asyncio
import codecs
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, BinaryIO
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse

from chassis.errors import describe, is_transient
from chassis.http import Problem, Running, require_machine
from chassis.sign_in import for_office, signed_in
from roster.csv_import import InvalidFile, PeopleSource, departments_from, people_from
from roster.csv_import.mapping import Mapping
from roster.csv_import.mapping_file import InvalidMapping
from roster.csv_import.presets import DEFAULT, named_mapping
from roster.csv_import.rejects import NoRejects
from roster.handlers import import_decisions, import_files
from roster.handlers.import_departments import import_departments
from roster.handlers.import_files import Imported

FILE_MAX_BYTES = 256 * 1024 * 1024
MACHINE = "machine"

DryRun = Annotated[bool, Query(description="Say what would change, and change nothing.")]
SkipBad = Annotated[bool, Query(description="Take the good rows; without it all or nothing.")]
Named = Annotated[str, Query(alias="mapping", pattern="^[a-z0-9][a-z0-9_-]{0,63}$")]


async def uploader(request: Request, runtime: Running) -> str:
    """Dependency: who uploads: a machine by its token, or somebody of the office.

    No form token is asked of people: no other site can make a browser send text/csv.
    """
    if "authorization" in request.headers or runtime.service.site is None:
        require_machine(request)
        return MACHINE
    identity = await for_office(await signed_in(request, runtime))
    return identity.person_id


Uploader = Annotated[str, Depends(uploader)]


def create_imports_router() -> APIRouter:
    """The routes; uploads of one process wait for each other without holding a connection."""
    router = APIRouter(tags=["imports"])
    turn = asyncio.Lock()

    @router.post("/imports")
    async def upload(  # noqa: PLR0917 - FastAPI's own way to take parameters
        request: Request,
        runtime: Running,
        actor: Uploader,
        mapping: Named = DEFAULT,
        dry_run: DryRun = False,
        skip_bad: SkipBad = False,
    ) -> JSONResponse:
        """Take in a file of people by a mapping (text/csv, at most 256 MB).

        It is staged and compared; what is left to be done is done in the background.
        """
        async with _file(request, _mapping(runtime, mapping)) as (file, chosen):
            source = _people(runtime, file, chosen, skip_bad=skip_bad)
            async with turn, _answered():
                uploaded = await _upload(runtime, source, actor, dry_run=dry_run)
        runtime.wake()
        answer = uploaded.as_json() | {"mistakes": source.mistakes_as_json()}
        return _accepted(answer, uploaded)

    @router.post("/imports/people", dependencies=[Depends(require_machine)])
    async def people(request: Request, runtime: Running, dry_run: DryRun = False) -> JSONResponse:
        """Take in people.csv (text/csv, UTF-8, at most 256 MB), to the end if it may be applied."""
        async with _file(request, _mapping(runtime, DEFAULT)) as (file, chosen):
            source = _people(runtime, file, chosen, skip_bad=False)
            async with turn:
                async with _answered():
                    imported = await _upload(runtime, source, MACHINE, dry_run=dry_run)
                if imported.run.state == "applying" and not dry_run:
                    imported = await _apply(runtime, imported)
        runtime.wake()
        return _accepted(imported.as_json(), imported)

    @router.post("/imports/departments", dependencies=[Depends(require_machine)])
    async def departments(
        request: Request, runtime: Running, dry_run: DryRun = False
    ) -> dict[str, Any]:
        """Take in departments.csv (text/csv, UTF-8, at most 256 MB): all of it, or nothing."""
        async with (
            _file(request, _mapping(runtime, DEFAULT)) as (file, _),
            turn,
            _answered(),
            runtime.pool.acquire() as connection,
        ):
            source, zone = departments_from(file, "departments.csv"), runtime.settings.timezone
            imported = await import_departments(
                connection, source, runtime.calendar, zone=zone, dry_run=dry_run
            )
        runtime.wake()
        return imported.as_json()

    @router.get("/imports/{import_id}")
    async def status(import_id: UUID, runtime: Running, _: Uploader) -> dict[str, Any]:
        """What a file of people would do, and how far it is applied."""
        async with runtime.pool.acquire() as connection:
            found = await import_decisions.show(connection, import_id)
        if found is None:
            raise Problem(404, "Unknown import")
        return found.as_json()

    return router


def _accepted(answer: dict[str, Any], imported: Imported) -> JSONResponse:
    """200 for what is done, 202 for what is not, with the place to look at."""
    done = imported.dry_run or imported.run.state == "applied"
    headers = {} if done else {"Location": f"/imports/{imported.run.id}"}
    return JSONResponse(answer, 200 if done else 202, headers)


def _mapping(runtime: Any, name: str) -> Mapping:
    try:
        return named_mapping(name, runtime.settings.mappings_folder)
    except InvalidMapping as invalid:
        raise Problem(422, "The mapping cannot be used", **invalid.as_json()) from None


def _people(runtime: Any, file: BinaryIO, mapping: Mapping, *, skip_bad: bool) -> PeopleSource:
    rejects = NoRejects() if skip_bad else None
    return people_from(file, "people.csv", mapping, zone=runtime.settings.timezone, rejects=rejects)


async def _upload(runtime: Any, source: PeopleSource, actor: str, *, dry_run: bool) -> Imported:
    async with runtime.pool.acquire() as connection:
        zone = runtime.settings.timezone
        return await import_files.upload(
            connection, source, runtime.calendar, zone=zone, actor=actor, dry_run=dry_run
        )


async def _apply(runtime: Any, uploaded: Imported) -> Imported:
    """Apply to the end; what fails in between is gone on with as due work."""
    try:
        async with runtime.pool.acquire() as connection:
            return await import_files.apply(
                connection, uploaded.run.id, runtime.calendar, zone=runtime.settings.timezone
            )
    except Exception as error:
        if not is_transient(error):
            raise
        import_id = str(uploaded.run.id)
        detail = f"The file is kept, and what is left of it is applied later. ({describe(error)})"
        title = "The database is not available"
        raise Problem(503, title, detail, import_id=import_id) from None


@asynccontextmanager
async def _answered() -> AsyncIterator[None]:
    """Every way an upload can fail leaves the roster as it was."""
    try:
        yield
    except InvalidFile as invalid:
        detail = "Nothing of it was applied."
        raise Problem(422, "The file has mistakes", detail, **invalid.as_json()) from None
    except Exception as error:
        if not is_transient(error):
            raise
        detail = f"Nothing was applied; try again later. ({describe(error)})"
        raise Problem(503, "The database is not available", detail) from None


@asynccontextmanager
async def _file(request: Request, mapping: Mapping) -> AsyncIterator[tuple[BinaryIO, Mapping]]:
    """The body on disk: a slow sender must not keep a transaction open."""
    _require_csv(request, mapping.encoding)
    with tempfile.TemporaryFile() as file:
        await _spool(request, file)
        yield file, mapping


def _require_csv(request: Request, encoding: str) -> None:
    media_type, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    charset = parameters.partition("charset=")[2].strip(' "') or encoding
    if media_type.strip() != "text/csv" or not _is_same(charset, encoding):
        raise Problem(415, "Unsupported media type", f"Send text/csv in {encoding.upper()}.")


def _is_same(charset: str, encoding: str) -> bool:
    try:
        return codecs.lookup(charset).name == codecs.lookup(encoding).name
    except LookupError:
        return False


async def _spool(request: Request, file: BinaryIO) -> None:
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
