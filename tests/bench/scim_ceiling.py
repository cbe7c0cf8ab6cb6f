"""What a PATCH of a user's name could cost at the least: Starlette and the same rows written.

No token, no filter, no validation, no composition of sources. `python -m bench.scim_ceiling PORT`,
with the database's URL in DATABASE_URL.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from embedded.ports import LOOPBACK

READ = "SELECT person_id, source, version, resource FROM scim_user WHERE id = $1 FOR UPDATE"
WRITE = """
UPDATE scim_user SET
    resource = $2::jsonb, search = $3::jsonb, version = version + 1, modified_at = now()
WHERE id = $1
"""
REPORTED = "UPDATE reported_contact SET display_name = $3 WHERE person_id = $1 AND source = $2"
CONTACT = """
UPDATE contact SET version = version + 1, display_name = $2, received_at = now()
WHERE person_id = $1 RETURNING version
"""
OUTBOX = """
INSERT INTO outbox (event_id, aggregatetype, aggregateid, type, subject, sequence, time, payload)
VALUES ($1, 'roster.contact.v1', $2, 'edu.rollcall.contact.changed.v1', $2, $3, now(), $4)
"""


def create_app(database_url: str) -> Starlette:
    """The app with its one route."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(database_url, min_size=1, max_size=10) as pool:
            app.state.pool = pool
            yield

    async def patch(request: Request) -> Response:
        name = (await request.json())["Operations"][0]["value"]
        user_id = request.path_params["user_id"]
        async with request.app.state.pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(READ, user_id)
            resource = json.loads(row["resource"]) | {"displayName": name}
            search = resource | {"displayName": name.lower()}
            await connection.execute(WRITE, user_id, json.dumps(resource), json.dumps(search))
            await connection.execute(REPORTED, row["person_id"], row["source"], name)
            version = await connection.fetchval(CONTACT, row["person_id"], name)
            said = {"person_id": row["person_id"], "display_name": name, "version": version}
            payload = json.dumps(said).encode()
            await connection.execute(OUTBOX, uuid4(), row["person_id"], version, payload)
        return Response(status_code=204, headers={"ETag": f'W/"{row["version"] + 1}"'})

    return Starlette(
        routes=[Route("/Users/{user_id}", patch, methods=["PATCH"])], lifespan=lifespan
    )


if __name__ == "__main__":
    uvicorn.run(
        create_app(os.environ["DATABASE_URL"]),
        host=LOOPBACK,
        port=int(sys.argv[1]),
        log_level="warning",
        access_log=False,
        server_header=False,
    )
