"""One page of a search: filtered, sorted and cut in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from scim2_models import InvalidCursorException, Resource, ScimFilter, SearchRequest
from scim2_models.path import AttributeBinding

from chassis.postgres import Connection
from roster.scim.store.attributes import Kind, Parameters, dotted, path_of, refuse_hidden
from roster.scim.store.filters import condition

SEARCH_S = 10.0
"""How long a search may keep the database busy; asyncpg raises TimeoutError then."""

Model = type[Resource[Any]]


@dataclass(frozen=True, slots=True)
class Found:
    """One hit: its type's name, its id, and by what it was sorted."""

    kind: str
    id: UUID
    missing: bool
    key: str


@dataclass(frozen=True, slots=True)
class Page:
    """The hits of one page in order; `total` is None where nobody has to know."""

    total: int | None
    found: Sequence[Found]
    next: dict[str, Any] | None = None
    previous: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins or ends: behind, or before, this sort value and id."""

    forward: bool
    missing: bool
    key: str
    id: UUID

    @classmethod
    def read(cls, position: Any) -> Position:
        """What `as_json` wrote. Raises InvalidCursorException for anything else."""
        try:
            missing, key = bool(position["m"]), str(position["k"])
            return cls(position["d"] == "next", missing, key, UUID(position["i"]))
        except (TypeError, KeyError, ValueError):
            raise InvalidCursorException from None


def _at(direction: str, found: Found) -> dict[str, Any]:
    return {"d": direction, "m": found.missing, "k": found.key, "i": str(found.id)}


async def page(
    connection: Connection,
    source: str,
    kinds: Sequence[tuple[Kind, Model]],
    request: SearchRequest[Any],
    position: Any,
) -> Page:
    """The page a search asks for, among the resources of one source.

    Raises:
        InvalidFilterException: for a filter that has no translation.
        TimeoutError: when the database needs longer than `SEARCH_S`.
    """
    parameters = Parameters([source])
    hits = " UNION ALL ".join(_hits(kind, model, request, parameters) for kind, model in kinds)
    by_cursor = request.cursor is not None
    total = None
    if not by_cursor:
        counting = f"SELECT count(*) FROM ({hits}) AS h"  # noqa: S608 - our own text
        total = await connection.fetchval(counting, *parameters, timeout=SEARCH_S)
    if request.count == 0:
        return Page(total, [])
    if by_cursor:
        at = Position.read(position) if position is not None else None
        return await _by_cursor(connection, hits, parameters, request, at)
    return Page(total, await _by_index(connection, hits, parameters, request))


async def _by_index(
    connection: Connection, hits: str, parameters: Parameters, request: SearchRequest[Any]
) -> list[Found]:
    order = _order(_descends(request))
    skip, many = parameters.add(request.start_index_0), parameters.add(request.count)
    statement = f"SELECT * FROM ({hits}) AS h ORDER BY {order} OFFSET {skip} LIMIT {many}"  # noqa: S608
    return _found(await connection.fetch(statement, *parameters, timeout=SEARCH_S))


async def _by_cursor(
    connection: Connection,
    hits: str,
    parameters: Parameters,
    request: SearchRequest[Any],
    at: Position | None,
) -> Page:
    forward = at is None or at.forward
    descending = _descends(request) is forward
    where = ""
    if at is not None:
        missing, key = parameters.add(at.missing), parameters.add(at.key)
        anchor = f'({missing}::boolean, {key}::text COLLATE "C", {parameters.add(at.id)}::uuid)'
        where = f"WHERE (missing, key, id) {'<' if descending else '>'} {anchor}"
    many = parameters.add(None if request.count is None else request.count + 1)
    statement = f"SELECT * FROM ({hits}) AS h {where} ORDER BY {_order(descending)} LIMIT {many}"  # noqa: S608
    found = _found(await connection.fetch(statement, *parameters, timeout=SEARCH_S))
    more = request.count is not None and len(found) > request.count
    kept = found[: request.count]
    if not forward:
        kept.reverse()
    if not kept:
        return Page(None, [])
    return Page(
        None,
        kept,
        next=_at("next", kept[-1]) if (more if forward else True) else None,
        previous=_at("previous", kept[0]) if (at is not None if forward else more) else None,
    )


def _hits(kind: Kind, model: Model, request: SearchRequest[Any], parameters: Parameters) -> str:
    key = _key(kind, request.sort_binding(model), parameters)
    where = "r.source = $1 AND r.ended_at IS NULL"
    if request.filter is not None:
        bound: ScimFilter[Any] = ScimFilter.__class_getitem__(model)(str(request.filter))
        where += f" AND {condition(bound, kind, parameters)}"
    return (
        f"SELECT '{kind.name}' AS kind, r.id, ({key}) IS NULL AS missing, "  # noqa: S608
        f"coalesce({key}, '') COLLATE \"C\" AS key FROM {kind.table} r WHERE {where}"
    )


def _key(kind: Kind, binding: AttributeBinding | None, parameters: Parameters) -> str:
    """What the rows are sorted by, as text; null where there is no order but that of the ids."""
    if binding is None:
        return "NULL::text"
    refuse_hidden(binding)
    attribute, path = dotted(binding), path_of(binding)
    if attribute in kind.times:
        return f"to_char({kind.columns[attribute]}, 'YYYY-MM-DD HH24:MI:SS.US')"
    if attribute in kind.columns and len(path) == len(attribute.split(".")):
        return kind.columns[attribute]
    if not binding.is_multivalued:
        return f"r.search #>> {parameters.add(path)}::text[]"
    entries = f"r.search #> {parameters.add(path[:-1])}::text[]"
    primary = "'$[*] ? (@.primary == true)'"
    chosen = f"coalesce(jsonb_path_query_first({entries}, {primary}), ({entries}) -> 0)"
    return f"{chosen} ->> {parameters.add(path[-1])}"


def _descends(request: SearchRequest[Any]) -> bool:
    descending = SearchRequest.SortOrder.descending
    return request.sort_by is not None and request.sort_order == descending


def _order(descending: bool) -> str:
    way = "DESC" if descending else "ASC"
    return f"missing {way}, key {way}, id {way}"


def _found(rows: Sequence[Any]) -> list[Found]:
    return [Found(row["kind"], row["id"], row["missing"], row["key"]) for row in rows]
