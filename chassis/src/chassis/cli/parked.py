"""`<service> parked`: records that could not be handled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

import typer

from chassis import audit, parked
from chassis.calendars import calendar_of
from chassis.cli.terminal import Actor, Json, Reason, fail, print_json, print_table, with_database
from chassis.consumer import Handler, Reader
from chassis.errors import Reject, describe, is_transient
from chassis.parsing import parse
from chassis.postgres import Connection
from chassis.service import Service
from chassis.settings import ServiceSettings, load


def parked_commands(
    name: str,
    settings: type[ServiceSettings],
    create_service: Callable[[ServiceSettings], Service],
) -> typer.Typer:
    """`list`, `retry` and `drop`."""
    app = typer.Typer(no_args_is_help=True, help="Records that could not be handled.")

    @app.command("list")
    def list_(limit: int = 100, json_: Json = False) -> None:
        """Show parked records: coordinates and reason; keys are ids, values are not shown."""
        found = with_database(load(settings), lambda c: parked.list_parked(c, name, limit))
        rows = [
            [
                p.id,
                p.topic,
                p.partition,
                p.offset,
                (p.key or b"").decode("utf-8", "replace"),
                p.reason,
            ]
            for p in found
        ]
        columns = ["id", "topic", "partition", "offset", "key", "reason"]
        if json_:
            print_json([dict(zip(columns, row, strict=True)) for row in rows])
        else:
            print_table(columns, rows, "Nothing is parked.")

    @app.command("retry")
    def retry(parked_id: int, actor: Actor) -> None:
        """Handle a parked record and those behind it again, in order, in one transaction."""
        loaded = load(settings)
        service = create_service(loaded)

        async def work(connection: Connection) -> int:
            at = (await calendar_of(connection, loaded)).now()
            by = By(actor, at)
            return await retry_key(
                connection, name, parked_id, service.handlers, by, readers=service.readers
            )

        count = with_database(loaded, work)
        if not count:
            raise fail(f"No record with id {parked_id} is parked.")
        print(f"Handled {count} records.")

    @app.command("drop")
    def drop(parked_id: int, reason: Reason, actor: Actor) -> None:
        """Forget one parked record for good."""
        loaded = load(settings)

        async def work(connection: Connection) -> bool:
            at = (await calendar_of(connection, loaded)).now()
            return await drop_one(connection, name, parked_id, By(actor, at, reason))

        if not with_database(loaded, work):
            raise fail(f"No record with id {parked_id} is parked.")
        print(f"Dropped {parked_id}: {reason}")

    return app


class By(NamedTuple):
    """Whose action it is, the calendar's instant at which it is taken, and why."""

    actor: str
    at: datetime
    reason: str | None = None


async def drop_one(connection: Connection, name: str, parked_id: int, by: By) -> bool:
    """Forget a parked record and say so in the audit; False when there is none with that id."""
    async with connection.transaction():
        dropped = await parked.drop(connection, name, parked_id)
        if dropped:
            await _record(connection, "parked.drop", parked_id, [dropped], by)
        return dropped is not None


async def retry_key(
    connection: Connection,
    name: str,
    parked_id: int,
    handlers: Mapping[str, Handler],
    by: By,
    *,
    readers: Mapping[str, Reader] | None = None,
) -> int:
    """Handle everything parked of the key of `parked_id`, in order; returns how many records.

    Raises Reject when they still cannot be handled, and then everything stays parked.
    """
    try:
        async with connection.transaction():
            taken = await parked.take_key(connection, name, parked_id)
            if taken:
                topic = taken[0].topic
                read = (readers or {}).get(topic, parse)
                await handlers[topic](connection, [read(record.raw()) for record in taken])
                await _record(connection, "parked.retry", parked_id, taken, by)
            return len(taken)
    except Exception as error:
        if is_transient(error):
            raise
        raise Reject(describe(error)) from None  # its own text may quote a name


async def _record(
    connection: Connection, action: str, parked_id: int, records: list[parked.Parked], by: By
) -> None:
    first = records[0]
    await audit.record(
        connection,
        at=by.at,
        actor=by.actor,
        action=action,
        subject=f"parked/{parked_id}",
        reason=by.reason,
        # The key of a poison record may be anything: coordinates are enough to find it.
        details={
            "topic": first.topic,
            "partition": first.partition,
            "offset": first.offset,
            "records": len(records),
        },
    )
