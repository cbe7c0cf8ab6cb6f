"""Files of people: upload one, see what it would do, decide on it, follow it to its end."""

from __future__ import annotations

from typing import Annotated, Any, BinaryIO
from uuid import UUID

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from chassis import schedule
from chassis.http import Running
from chassis.pages import FORM_MAX_BYTES, PageRoute, page
from chassis.postgres import Connection
from chassis.schedule import Due
from chassis.sign_in import Denied, ForOffice, check_form
from roster.csv_import import InvalidFile, people_from
from roster.csv_import.mapping_file import InvalidMapping
from roster.csv_import.presets import DEFAULT, named_mapping, preset_names
from roster.handlers import import_decisions, import_files
from roster.handlers.acts import Who
from roster.handlers.import_decisions import NotAllowed
from roster.handlers.import_files import APPLY, Imported
from roster.pages.access import ForReaders, do

FILE_MAX_BYTES = 256 * 1024 * 1024
SHOWN_FILES, SHOWN_MISTAKES = 50, 100

router = APIRouter(route_class=PageRoute, include_in_schema=False)


class Decision(BaseModel):
    """Why a file is let go or refused, as a code."""

    token: str
    reason: str


@router.get("/files")
async def list_(request: Request, _: ForReaders) -> Response:
    """The newest files, and the form to upload another."""
    return await _list_page(request)


@router.post("/files", max_body_size=FILE_MAX_BYTES + FORM_MAX_BYTES)
async def upload(request: Request, _: ForOffice, runtime: Running) -> Response:
    """Stage a file and compare it; it is then applied in the background, or waits."""
    # Read here and not as a parameter: nobody else may make us read hundreds of megabytes.
    async with request.form(max_files=1, max_fields=10) as form:
        check_form(request, str(form.get("token", "")))
        sent = form.get("file")
        if not isinstance(sent, UploadFile) or not sent.filename:
            return await _list_page(request, status=400, trouble="Choose a file.")
        try:
            mapping = str(form.get("mapping", DEFAULT))
            uploaded = await _upload(request, sent.file, mapping, compare="compare" in form)
        except InvalidFile as invalid:
            return await _list_page(request, status=422, invalid=invalid)
        except InvalidMapping:
            return await _list_page(request, status=422, trouble="Choose one of the mappings.")
    if uploaded.dry_run:
        return page(request, "file.html", shown=uploaded.as_json(), run=uploaded.run, trouble=None)
    runtime.wake()
    return RedirectResponse(f"/files/{uploaded.run.id}", 303)


@router.get("/files/{import_id}")
async def show(request: Request, _: ForReaders, import_id: UUID) -> Response:
    """What one file would do or did, and how far it is."""
    return await _file_page(request, import_id)


@router.post("/files/{import_id}/approve", max_body_size=FORM_MAX_BYTES)
async def approve(
    request: Request, _: ForOffice, import_id: UUID, form: Annotated[Decision, Form()]
) -> Response:
    """Let it go; not by who uploaded it."""

    async def work(connection: Connection, who: Who) -> Imported:
        return await import_decisions.approve(
            connection, import_id, actor=who.actor, reason=form.reason, now=who.calendar.now()
        )

    return await _decide(request, import_id, form, work)


@router.post("/files/{import_id}/reject", max_body_size=FORM_MAX_BYTES)
async def reject(
    request: Request, _: ForOffice, import_id: UUID, form: Annotated[Decision, Form()]
) -> Response:
    """Refuse it; not by who uploaded it."""

    async def work(connection: Connection, who: Who) -> Imported:
        return await import_decisions.reject(
            connection, import_id, actor=who.actor, reason=form.reason, now=who.calendar.now()
        )

    return await _decide(request, import_id, form, work)


async def _upload(request: Request, file: BinaryIO, mapping: str, *, compare: bool) -> Imported:
    runtime: Any = request.app.state.runtime
    zone, calendar = runtime.settings.timezone, runtime.calendar
    chosen = named_mapping(mapping, runtime.settings.mappings_folder)
    source = people_from(file, "the file", chosen, zone=zone)
    actor = request.state.identity.person_id
    async with runtime.pool.acquire() as connection:
        uploaded = await import_files.upload(
            connection, source, calendar, zone=zone, actor=actor, dry_run=compare
        )
        if uploaded.run.state == "applying" and not compare:
            async with connection.transaction():
                await schedule.plan(connection, [Due(APPLY, str(uploaded.run.id), calendar.now())])
    return uploaded


async def _decide(request: Request, import_id: UUID, form: Decision, work: Any) -> Response:
    try:
        decided = await do(request, form.token, form.reason, work)
    except LookupError:
        raise Denied("file", str(import_id)) from None
    except NotAllowed as refused:
        return await _file_page(request, import_id, status=409, trouble=str(refused))
    if decided.run.state == "quarantined":
        trouble = "The roster has changed since: look at the difference again."
        return await _file_page(request, import_id, status=409, trouble=trouble)
    return RedirectResponse(f"/files/{import_id}", 303)


async def _file_page(
    request: Request, import_id: UUID, *, status: int = 200, trouble: str | None = None
) -> Response:
    async with request.app.state.runtime.pool.acquire() as connection:
        found = await import_decisions.show(connection, import_id)
    if found is None:
        raise Denied("file", str(import_id))
    return page(
        request,
        "file.html",
        status=status,
        shown=found.as_json(),
        run=found.run,
        trouble=trouble,
    )


async def _list_page(
    request: Request,
    *,
    status: int = 200,
    trouble: str | None = None,
    invalid: InvalidFile | None = None,
) -> Response:
    async with request.app.state.runtime.pool.acquire() as connection:
        found = await import_decisions.newest(connection, limit=SHOWN_FILES)
    return page(
        request,
        "files.html",
        status=status,
        files=found,
        mappings=preset_names(),
        default_mapping=DEFAULT,
        trouble=trouble,
        mistakes=invalid.errors[:SHOWN_MISTAKES] if invalid else [],
        more_mistakes=len(invalid.errors) - SHOWN_MISTAKES + invalid.more if invalid else 0,
    )
