"""`/scim/v2`: plain Starlette routes, past FastAPI's own middleware."""

from __future__ import annotations

import asyncio
import hashlib
import json
from urllib.parse import parse_qsl

from scim2_models import PayloadTooLargeException, UnauthorizedException
from scim2_server.handler import AsyncScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Operation
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from chassis.http import Problem, receive_body
from chassis.postgres import Connection
from chassis.service import Runtime
from chassis.settings import ServiceSettings
from roster.handlers.intake import receive as receive_intake
from roster.scim.mapping import Rules
from roster.scim.secret import sha256_of
from roster.scim.service import RosterService, Unavailable, answerable
from roster.scim.storage import RosterStorage
from roster.scim.store import tokens
from roster.scim.store.tokens import Token
from roster.store.receipts import Receipt

ROOT = "/scim/v2"
BODY_S = 20.0  # real seconds a sender has for the whole of a body
WRITES = frozenset(
    {Operation.create, Operation.replace, Operation.patch, Operation.delete, Operation.bulk}
)


class ScimDoor:
    """Answers SCIM requests; every write is in the database when it has been answered."""

    def __init__(self, settings: ServiceSettings) -> None:
        secret = settings.machine_token.get_secret_value().encode()
        self._service = RosterService(hashlib.sha256(b"scim cursor " + secret).digest())
        self._timezone = settings.timezone

    @property
    def routes(self) -> list[Route]:
        """The routes, to be mounted in the service's app."""
        return [Route(ROOT, self), Route(f"{ROOT}/{{path:path}}", self)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self._answer(scope, receive)
        body = b"" if response.body is None else json.dumps(response.body).encode()
        headers = {"Cache-Control": "no-store", **response.headers}
        await Response(body, int(response.status), headers)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> ScimResponse:
        try:
            request = _request(scope)
            runtime: Runtime = scope["app"].state.runtime
            if not runtime.running:
                raise Unavailable(detail=runtime.phase)
            # What is wrong with path or method is said before anybody is asked who they are.
            operation = self._service.match(request).operation
            if operation is Operation.service_provider_config:
                with self._service.provider:
                    return self._service.service_provider_config(request.url, request.query)
            return await self._authenticated(request, operation, runtime, scope, receive)
        except Exception as error:
            return self._service.error_response(answerable(error))

    async def _authenticated(
        self,
        request: ScimRequest,
        operation: Operation,
        runtime: Runtime,
        scope: Scope,
        receive: Receive,
    ) -> ScimResponse:
        digest = _digest(request)
        # Read before a connection is taken: a slow sender must not keep one.
        request.body = await self._body(request, scope, receive)
        async with runtime.pool.acquire(timeout=10) as connection:
            token = await tokens.find(connection, digest)
            if token is None:
                raise UnauthorizedException(detail="The token is unknown or revoked")
            request.subject = token
            storage = self._storage(connection, token, runtime, operation)
            response = await AsyncScimHandler(self._service, storage).handle(request)
        if operation in WRITES:
            runtime.wake()
        return response

    def _storage(
        self, connection: Connection, token: Token, runtime: Runtime, operation: Operation
    ) -> RosterStorage:
        rules = Rules(token.source, token.person_id_from, token.login_domain)

        async def receipt(within: Connection) -> Receipt:
            return await receive_intake(within, runtime.calendar, self._timezone)

        return RosterStorage(connection, rules, receipt, writing=operation in WRITES)

    async def _body(self, request: ScimRequest, scope: Scope, receive: Receive) -> bytes:
        limit = self._service.max_body_size(request) or 0
        try:
            async with asyncio.timeout(BODY_S):
                return await receive_body(scope, receive, limit)
        except Problem:
            raise PayloadTooLargeException(detail=f"at most {limit} bytes") from None
        except (TimeoutError, ClientDisconnect):
            raise Unavailable(detail="The body did not arrive") from None


def _request(scope: Scope) -> ScimRequest:
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    ]
    host = dict(headers).get("host") or "{}:{}".format(*scope["server"])
    query = scope["query_string"].decode("latin-1")
    return ScimRequest(
        method=scope["method"],
        base_url=f"{scope['scheme']}://{host}{ROOT}",
        path=scope["path"].removeprefix(ROOT) or "/",
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers=headers,
    )


def _digest(request: ScimRequest) -> bytes:
    scheme, _, token = (request.header("Authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise UnauthorizedException(detail="Send Authorization: Bearer and a token")
    return sha256_of(token.strip())
