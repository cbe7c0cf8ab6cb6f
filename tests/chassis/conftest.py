"""Fixtures of the chassis's own tests."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from support.databases import Database
from support.signed_in import serving


@pytest.fixture
async def serve(database: Callable[[str], Awaitable[Database]], kafka: str) -> Any:
    """`async with serve(peer=..., **settings) as client`: a made-up service with pages."""
    return partial(serving, await database("chassis"), kafka)
