"""What the service hears: each topic's records go to one handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chassis.consumer import Handler
from chassis.parsing import Record
from chassis.postgres import Connection
from rollout.handlers.learn_facts import learn_completions, learn_departments, learn_people
from rollout.store.facts import calendar_now

Learn = Callable[[Connection, Sequence[Any], datetime], Awaitable[None]]


def subscriptions(*, stepped: bool) -> Mapping[str, Handler]:
    """The handlers by topic; `stepped` says which calendar the service runs by."""

    def handler(learn: Learn) -> Handler:
        async def handle(connection: Connection, records: Sequence[Record]) -> None:
            now = await calendar_now(connection, stepped=stepped)
            await learn(connection, [record.event for record in records], now)

        return handle

    return {
        "roster.department.v1": handler(learn_departments),
        "roster.person.v1": handler(learn_people),
        "completion.module.v1": handler(learn_completions),
    }
