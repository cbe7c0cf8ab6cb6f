"""Ids as they may stand in an address; anything else names nothing."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

# Postgres holds any text but this; asked for it, it fails instead of finding nothing.
_NO_NUL = r"^[^\x00]*$"

DepartmentId = Annotated[str, Path(max_length=64, pattern=_NO_NUL)]
CycleName = Annotated[str | None, Query(max_length=64, pattern=_NO_NUL)]
