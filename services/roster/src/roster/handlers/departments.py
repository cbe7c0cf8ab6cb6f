"""Take in departments."""

from __future__ import annotations

from collections.abc import Sequence

from chassis import outbox
from chassis.postgres import Connection
from roster.domain import Department
from roster.handlers.events import department_events
from roster.handlers.looks import look_soon
from roster.handlers.recompose import cause_of
from roster.store import departments as store
from roster.store.receipts import Receipt


async def take_in_departments(
    connection: Connection, departments: Sequence[Department], receipt: Receipt
) -> dict[str, int]:
    """Make these departments (each at most once) what they are now, in the caller's transaction.

    Publishes those that changed; the counts are `added`, `changed` and `unchanged`.
    """
    await store.lock(connection)
    stored = await store.stored_departments(connection, [d.department_id for d in departments])
    news = _news(departments, stored)
    if news:
        await store.write_departments(connection, news, receipt)
        await outbox.publish(connection, department_events(news, receipt), cause=cause_of(receipt))
        await look_soon(connection, receipt.received_at)
    added = sum(version == 1 for version, _ in news)
    unchanged = len(departments) - len(news)
    return {"added": added, "changed": len(news) - added, "unchanged": unchanged}


def _news(
    departments: Sequence[Department], stored: dict[str, tuple[int, Department]]
) -> list[tuple[int, Department]]:
    news: list[tuple[int, Department]] = []
    for each in departments:
        version, known = stored.get(each.department_id, (0, None))
        if known != each:
            news.append((version + 1, each))
    return news
