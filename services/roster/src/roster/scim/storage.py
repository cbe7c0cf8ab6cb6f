"""The asyncpg storage behind scim2-server: one request, one connection, one source."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from scim2_models import (
    Meta,
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    SearchRequest,
    TooManyException,
    UniquenessException,
)
from scim2_server.storage import AsyncScimStorage, SearchPage

from chassis.postgres import Connection
from roster.scim.keep import kept_group, kept_user
from roster.scim.mapping import Json, Rules
from roster.scim.models import Group, GroupMembership, RosterScimUser
from roster.scim.provider import USER
from roster.scim.store import groups, search, users
from roster.scim.store.attributes import KINDS
from roster.scim.store.groups import GroupRow
from roster.scim.store.users import UserRow
from roster.scim.writes import Writer, as_uuid, member_ids
from roster.store.receipts import Receipt

MEMBERS_MAX = 20_000

T = TypeVar("T")
Receive = Callable[[Connection], Awaitable[Receipt]]


class RosterStorage(AsyncScimStorage):
    """Users and groups of one source, on one connection.

    `writing` tells that what is read is about to be changed: it is held until the operation ends.
    """

    supports_cursors = True

    def __init__(
        self, connection: Connection, rules: Rules, receive: Receive, *, writing: bool = False
    ) -> None:
        self._connection = connection
        self._rules = rules
        self._receive = receive
        self._writing = writing
        self._held: dict[UUID, UserRow | GroupRow] = {}

    @asynccontextmanager
    async def operation(self) -> AsyncIterator[None]:
        """One transaction per operation: of a bulk request, what failed undoes nothing else."""
        self._held.clear()
        if not self._writing:
            yield
            return
        async with self._connection.transaction():
            yield

    async def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        if resource_type.name == USER:
            return _user(await self._user_row(resource_id))
        group = await self._group_row(resource_id)
        return _group(group)

    async def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,
    ) -> SearchPage:
        kinds = [(KINDS[str(each.name)], _model(each)) for each in resource_types]
        try:
            page = await search.page(
                self._connection, self._rules.source, kinds, search_request, position
            )
        except TimeoutError:
            raise TooManyException(detail="narrow the filter: it takes too long") from None
        found = await self._load(page.found)
        return SearchPage(page.total, found, page.next, page.previous)

    async def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        return await self._write(lambda writer: self._create(writer, resource_type, resource))

    async def update(
        self,
        resource_type: ResourceType,
        resource: Resource[Any],
        *,
        expected_version: str | None = None,
    ) -> Resource[Any]:
        async def update(writer: Writer) -> Resource[Any]:
            if resource_type.name == USER:
                user = await self._held_user(str(resource.id))
                _require(_version(user), expected_version)
                return _user(await writer.replace_user(user, kept_user(resource)))
            group = await self._held_group(str(resource.id))
            _require(_group_version(group), expected_version)
            await writer.replace_group(group, kept_group(resource), _members(resource))
            return _group(await self._group_row(str(resource.id)))

        return await self._write(update)

    async def delete(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        expected_version: str | None = None,
    ) -> None:
        async def delete(writer: Writer) -> None:
            if resource_type.name == USER:
                user = await self._held_user(resource_id)
                _require(_version(user), expected_version)
                await writer.delete_user(user)
                return
            group = await self._held_group(resource_id)
            _require(_group_version(group), expected_version)
            await writer.delete_group(group)

        await self._write(delete)

    async def _create(
        self, writer: Writer, resource_type: ResourceType, resource: Resource[Any]
    ) -> Resource[Any]:
        if resource_type.name == USER:
            return _user(await writer.create_user(kept_user(resource)))
        created = await writer.create_group(kept_group(resource), _members(resource))
        return _group(await self._group_row(str(created.id)))

    async def _write(self, work: Callable[[Writer], Awaitable[T]]) -> T:
        try:
            if self._connection.is_in_transaction():
                return await work(await self._writer())
            async with self._connection.transaction():
                return await work(await self._writer())
        except asyncpg.UniqueViolationError:
            raise UniquenessException from None
        finally:
            self._held.clear()

    async def _writer(self) -> Writer:
        return Writer(self._connection, self._rules, await self._receive(self._connection))

    async def _user_row(self, resource_id: str, *, lock: bool = False) -> UserRow:
        user_id = as_uuid(resource_id)
        if user_id is None:
            raise NotFoundException(detail="No such user")
        source, lock = self._rules.source, lock or self._writing
        row = (await users.get(self._connection, source, [user_id], lock=lock)).get(user_id)
        if row is None:
            raise NotFoundException(detail="No such user")
        if lock:
            self._held[user_id] = row
        return row

    async def _group_row(self, resource_id: str, *, lock: bool = False) -> GroupRow:
        group_id = as_uuid(resource_id)
        if group_id is None:
            raise NotFoundException(detail="No such group")
        found = await groups.get(
            self._connection,
            self._rules.source,
            [group_id],
            lock=lock or self._writing,
            at_most=MEMBERS_MAX + 1,
        )
        row = found.get(group_id)
        if row is None:
            raise NotFoundException(detail="No such group")
        if len(row.members) > MEMBERS_MAX:
            raise TooManyException(detail=f"more than {MEMBERS_MAX} members: search Users instead")
        return row

    async def _held_user(self, resource_id: str) -> UserRow:
        user_id = as_uuid(resource_id)
        held = self._held.get(user_id) if user_id else None
        return held if isinstance(held, UserRow) else await self._user_row(resource_id, lock=True)

    async def _held_group(self, resource_id: str) -> GroupRow:
        return await self._group_row(resource_id, lock=True)

    async def _load(self, found: Any) -> list[Resource[Any]]:
        source = self._rules.source
        ids = {kind: [each.id for each in found if each.kind == kind] for kind in KINDS}
        people = await users.get(self._connection, source, ids["User"]) if ids["User"] else {}
        named = (
            await groups.get(self._connection, source, ids["Group"], at_most=MEMBERS_MAX)
            if ids["Group"]
            else {}
        )
        made: dict[UUID, Resource[Any]] = {key: _user(row) for key, row in people.items()}
        made |= {key: _group(row) for key, row in named.items()}
        return [made[each.id] for each in found if each.id in made]


def _require(version: str, expected: str | None) -> None:
    if expected is not None and expected != version:
        raise PreconditionFailedException


def _model(resource_type: ResourceType) -> type[Resource[Any]]:
    return RosterScimUser if resource_type.name == USER else Group


def _members(resource: Resource[Any]) -> set[UUID]:
    return member_ids(each.value for each in getattr(resource, "members", None) or [])


def _version(row: UserRow) -> str:
    return f'W/"{row.version}"'


def _group_version(row: GroupRow) -> str:
    return f'W/"{row.version}-{row.digest}"'


def _user(row: UserRow) -> Resource[Any]:
    user = RosterScimUser.model_validate(row.resource)
    user.id = str(row.id)
    user.meta = _meta(USER, row, _version(row))
    if row.groups:
        named = [
            {"value": str(each), "$ref": f"Groups/{each}", "display": name}
            for each, name in row.groups
        ]
        user.groups = [GroupMembership.model_validate(each) for each in named]
    return user


def _group(row: GroupRow) -> Resource[Any]:
    said: Json = dict(row.resource)
    if row.members:
        said["members"] = [
            {"value": str(each), "$ref": f"Users/{each}", "type": "User"} for each in row.members
        ]
    group = Group.model_validate(said)
    group.id = str(row.id)
    group.meta = _meta("Group", row, _group_version(row))
    return group


def _meta(name: str, row: UserRow | GroupRow, version: str) -> Meta:
    return Meta(
        resource_type=name,
        created=row.created_at,
        last_modified=row.modified_at,
        version=version,
    )
