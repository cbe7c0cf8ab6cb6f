"""The command line of the notifier: run, migrate, the books, the stop switches, previews."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from chassis.calendars import calendar_of
from chassis.cli import (
    Actor,
    Json,
    Reason,
    create_cli,
    fail,
    print_json,
    print_table,
    with_database,
)
from chassis.postgres import Connection
from chassis.settings import load
from notifier.app import create_renderer, create_service
from notifier.domain import Kind, MailKey
from notifier.handlers import read_balance, read_status, resume_mail, stop_mail
from notifier.rendering import Outgoing, decoded_part
from notifier.settings import NotifierSettings
from notifier.store import ledger as books
from notifier.store import projections
from notifier.store.switches import Scope
from schemas.rollout import CyclePublished

PLACES = ("total", "accepted", "failed", "uncertain", "cancelled", "withheld", "open")

Cycle = Annotated[str | None, typer.Option(help="Only this cycle.")]
OfKind = Annotated[Kind | None, typer.Option(help="Only this kind of mail.")]

app = create_cli("notifier", NotifierSettings, create_service)


@app.command("ledger")
def ledger(cycle: Cycle = None, json_: Json = False) -> None:
    """Show the balance: planned = accepted + failed + uncertain + cancelled + withheld + open."""
    balance = _database(lambda connection: read_balance(connection, cycle))
    if json_:
        return print_json(balance)
    rows = [[kind["cycle"], kind["kind"], *(kind[p] for p in PLACES)] for kind in balance["kinds"]]
    print_table(["cycle", "kind", "planned", *PLACES[1:]], rows, "No mail was ever planned.")
    reasons = [
        [r["cycle"], r["kind"], r["state"], r["reason"], r["mails"]] for r in balance["reasons"]
    ]
    if reasons:
        print_table(["cycle", "kind", "state", "reason", "mails"], reasons, "")
    return None


@app.command("uncertain")
def uncertain(
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    json_: Json = False,
) -> None:
    """List mails that the server may or may not have taken; compare Message-IDs with its log."""
    rows = _database(lambda connection: books.uncertain(connection, limit))
    if json_:
        return print_json(rows)
    columns = ["mail_id", "person_id", "cycle", "kind", "ordinal", "reason", "changed_at"]
    return print_table(
        columns, [[row[c] for c in columns] for row in rows], "No mail is uncertain."
    )


@app.command("stop")
def stop(
    actor: Actor, kind: OfKind = None, cycle: Cycle = None, reason: Reason = "stopped by hand"
) -> None:
    """Hold mail back, from the next mail on: everything, or one kind, or one cycle."""
    scope, value = _scope(kind, cycle)
    if cycle is not None:
        _published(cycle)

    async def work(connection: Connection) -> bool:
        at = (await calendar_of(connection, load(NotifierSettings))).now()
        return await stop_mail(connection, scope, value, actor=actor, at=at, reason=reason)

    if _database(work):
        print(f"Stopped: {value or 'all mail'}.")
    else:
        print(f"It was stopped already: {value or 'all mail'}.")


@app.command("resume")
def resume(actor: Actor, kind: OfKind = None, cycle: Cycle = None) -> None:
    """Let mail go again; what was planned meanwhile goes out, unless it is pointless by now."""
    scope, value = _scope(kind, cycle)

    async def work(connection: Connection) -> bool:
        at = (await calendar_of(connection, load(NotifierSettings))).now()
        return await resume_mail(connection, scope, value, actor=actor, at=at)

    if not _database(work):
        raise fail(f"That was not stopped: {value or 'all mail'}. See `notifier status`.")
    print(f"Resumed: {value or 'all mail'}.")


@app.command("status")
def status(json_: Json = False) -> None:
    """Show what is stopped and why, and what is under way; leaves with status 1 when stopped."""
    found = _database(read_status)
    if json_:
        print_json(found)
    else:
        rows = [[name, count] for name, count in found["mails"].items()]
        rows.append(["oldest planned, seconds", found["oldest_planned_s"]])
        print_table(["mails", "number"], rows, "")
        columns = ["scope", "value", "reason", "stopped_at"]
        stopped = [[row[c] for c in columns] for row in found["stopped"]]
        print_table(columns, stopped, "Nothing is stopped.")
    if found["stopped"]:
        raise typer.Exit(1)


@app.command("preview")
def preview(
    kind: Kind,
    cycle: Annotated[str, typer.Option(help="A cycle that has been published.")],
    out: Annotated[Path, typer.Option(help="File to write: .eml whole, .html or .txt a part.")],
    completed: Annotated[
        bool, typer.Option("--completed", help="As for a person who is done already.")
    ] = False,
) -> None:
    """Write one mail as it would go out, to an invented person."""
    if out.suffix not in {".eml", ".html", ".txt"}:
        raise fail(f"The file must end in .eml, .html or .txt, not {out.suffix or 'nothing'}.")
    published = _published(cycle)
    renderer = create_renderer(load(NotifierSettings))
    renderer.use_cycles({cycle: published})
    raw = renderer.render(_invented(kind, published, completed)).raw
    try:
        out.write_bytes(raw if out.suffix == ".eml" else decoded_part(raw, out.suffix))
    except OSError as error:
        raise fail(f"Not written: {error}") from None
    print(f"Wrote {out}.")


def _invented(kind: Kind, cycle: CyclePublished, completed: bool) -> Outgoing:
    key = MailKey("000000000", cycle.cycle, "1", kind, 1)
    return Outgoing(
        mail_id=key.mail_id,
        person_id=key.person_id,
        cycle=key.cycle,
        occurrence=key.occurrence,
        kind=kind,
        ordinal=key.ordinal,
        planned_at=datetime(2023, 9, 1, 13, tzinfo=UTC),
        due_on=cycle.groups[0].due_on if cycle.groups else None,
        completed=completed,
        areas=(),
        name="Alex Example",
        address="alex.example@example.edu",
    )


def _published(cycle: str) -> CyclePublished:
    published: dict[str, CyclePublished] = _database(projections.load_cycles)
    if cycle not in published:
        known = ", ".join(published) or "none yet"
        raise fail(f"No cycle {cycle} has been published here; there is: {known}.")
    return published[cycle]


def _scope(kind: Kind | None, cycle: str | None) -> tuple[Scope, str]:
    if kind is not None and cycle is not None:
        raise fail("Name a kind or a cycle, not both.")
    if kind is not None:
        return "kind", kind.value
    return ("cycle", cycle) if cycle is not None else ("all", "")


def _database(work: Any) -> Any:
    return with_database(load(NotifierSettings), work)


def main() -> None:
    """Entry point of the console script."""
    app()
