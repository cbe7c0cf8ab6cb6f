"""Departments as the roster knows them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Department:
    """A department; `area_id` None is an alarm."""

    department_id: str
    name: str
    area_id: str | None = None
    area_name: str | None = None
    officer_ids: tuple[str, ...] = ()
    area_lead_ids: tuple[str, ...] = ()
