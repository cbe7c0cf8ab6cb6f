"""Which handler does which kind of due work."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.schedule import DueHandler
from rollout.handlers.learn_facts import AREA_CHANGED, settle_department
from rollout.handlers.run_cycle import DECIDE, decide_everybody, work_day
from rollout.handlers.settle_people import DAY

DUE: Mapping[str, DueHandler] = {
    AREA_CHANGED: settle_department,
    DECIDE: decide_everybody,
    DAY: work_day,
}
