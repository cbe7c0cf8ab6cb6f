"""scim2-server's own contract for storages, held by ours on a real database."""

import asyncio
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from scim2_models import Resource, ResourceType, ScimProvider
from scim2_server.storage import ScimStorage
from scim2_server.testing import (
    ENTERPRISE,
    SEARCH_FILTERS,
    SEARCH_SORTS,
    AsyncScimStorageContract,
    BlockingStorage,
)

from chassis.clock import SteppedCalendar
from chassis.postgres import Connection
from roster.handlers.intake import receive
from roster.scim.mapping import Rules
from roster.scim.provider import create_provider
from roster.scim.storage import RosterStorage
from roster.store.receipts import Receipt
from support.databases import Databases

NUMBERS = itertools.count(1)
NOT_OURS = ("title",)  # dropped, so that nothing is found by it


def ours(expressions: list[str]) -> list[str]:
    """Those that name no attribute the roster drops."""
    return [each for each in expressions if not any(name in each for name in NOT_OURS)]


class Identified(BlockingStorage):
    """Gives users of the suite the institute id without which ours are refused."""

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        given = resource
        if resource_type.name == "User":
            given = resource.model_copy(update={"external_id": f"p{next(NUMBERS)}"})
        return super().create(resource_type, given)


class TestRosterStorage(AsyncScimStorageContract):
    """Every promise of the contract, but for attributes the roster drops."""

    @pytest.fixture
    def provider(self) -> ScimProvider:
        return create_provider()

    @pytest.fixture
    def storage(self, databases: Databases) -> Iterator[ScimStorage]:
        with asyncio.Runner() as runner:
            database = runner.run(databases.fresh("roster"))
            connection = runner.run(asyncpg.connect(database.app_dsn, command_timeout=30))
            calendar = SteppedCalendar(datetime(2023, 9, 1, 12, tzinfo=UTC))

            async def receipt(within: Connection) -> Receipt:
                calendar.step(calendar.now() + timedelta(milliseconds=1))
                return await receive(within, calendar, "America/New_York")

            yield Identified(
                RosterStorage(connection, Rules("identity"), receipt, writing=True), runner
            )
            runner.run(connection.close())
            runner.run(databases.drop(database))

    def search_users(self) -> list[dict[str, Any]]:
        return [
            {name: value for name, value in user.items() if name not in NOT_OURS}
            for user in super().search_users()
        ]

    @pytest.mark.parametrize("scim_filter", ours(SEARCH_FILTERS))
    def test_search_filters_as_the_filter_evaluator(
        self,
        storage: Any,
        provider: ScimProvider,
        user_type: ResourceType,
        user_model: Any,
        scim_filter: str,
    ) -> None:
        super().test_search_filters_as_the_filter_evaluator(
            storage, provider, user_type, user_model, scim_filter
        )

    @pytest.mark.parametrize("sort_order", ["ascending", "descending"])
    @pytest.mark.parametrize("sort_by", ours(SEARCH_SORTS))
    def test_search_sorts_as_search_request_sort(
        self,
        storage: Any,
        provider: ScimProvider,
        user_type: ResourceType,
        user_model: Any,
        sort_by: str,
        sort_order: str,
    ) -> None:
        super().test_search_sorts_as_search_request_sort(
            storage, provider, user_type, user_model, sort_by, sort_order
        )

    def test_cursor_pages_equal_sort_values_once(
        self, storage: Any, provider: ScimProvider, user_type: ResourceType, user_model: Any
    ) -> None:
        """The suite does this with `nickName`, which the roster drops."""
        twins = [("alice", "2"), ("bob", None), ("carol", "2"), ("dave", "2"), ("erin", None)]
        for user_name, number in twins:
            said = {"userName": user_name} | (
                {ENTERPRISE: {"employeeNumber": number}} if number else {}
            )
            storage.create(user_type, user_model.model_validate(said))

        request = self.search_request(
            [user_model], cursor="", count=2, sort_by=f"{ENTERPRISE}:employeeNumber"
        )
        pages = self.walk(storage, [user_type], request)

        names = [r.user_name for page in pages for r in page.resources]
        assert sorted(names[:3]) == ["alice", "carol", "dave"]
        assert sorted(names[3:]) == ["bob", "erin"]
