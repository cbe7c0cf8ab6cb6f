"""What the intake of webhooks could cost at the least: Starlette, one HMAC, a shared commit.

Nothing is limited, refused, parsed, counted or interpreted. `python -m bench.webhook_ceiling PORT`,
with the database's URL in DATABASE_URL and the key in KEY.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from embedded.ports import LOOPBACK

INSERT = """
INSERT INTO webhook_request
    (source, webhook_id, webhook_timestamp, webhook_signature, received_at, body)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[],
                     $6::bytea[])
ON CONFLICT (source, webhook_id) DO NOTHING
"""


class Group:
    """Rows that arrive while a commit is under way share the next."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._rows: list[tuple[object, ...]] = []
        self._committed: asyncio.Future[None] | None = None
        self._writing = False

    async def add(self, row: tuple[object, ...]) -> None:
        self._rows.append(row)
        if self._committed is None:
            self._committed = asyncio.get_running_loop().create_future()
        committed = self._committed
        if not self._writing:
            self._writing = True
            asyncio.get_running_loop().create_task(self._write())
        await committed

    async def _write(self) -> None:
        while self._rows:
            rows, committed = self._rows, self._committed
            self._rows, self._committed = [], None
            await self._connection.execute(INSERT, *zip(*rows, strict=True))
            assert committed is not None
            committed.set_result(None)
        self._writing = False


def create_app(database_url: str, key: bytes) -> Starlette:
    """The app with its one route."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        connection = await asyncpg.connect(database_url)
        app.state.group = Group(connection)
        yield
        await connection.close()

    async def receive(request: Request) -> Response:
        body = await request.body()
        headers = request.headers
        webhook_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        content = f"{webhook_id}.{timestamp}.".encode() + body
        digest = hmac.new(key, content, hashlib.sha256).digest()
        signature = headers["webhook-signature"]
        if not hmac.compare_digest(base64.b64decode(signature[3:]), digest):
            return Response(status_code=401)
        source = request.path_params["source"]
        now = datetime.now(UTC)
        await request.app.state.group.add((source, webhook_id, timestamp, signature, now, body))
        return Response(status_code=202)

    return Starlette(
        routes=[Route("/webhooks/{source}", receive, methods=["POST"])], lifespan=lifespan
    )


if __name__ == "__main__":
    uvicorn.run(
        create_app(os.environ["DATABASE_URL"], os.environ["KEY"].encode()),
        host=LOOPBACK,
        port=int(sys.argv[1]),
        log_level="warning",
        access_log=False,
        server_header=False,
    )
