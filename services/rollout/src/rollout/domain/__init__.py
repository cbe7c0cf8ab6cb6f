"""The rules of a cycle: frozen facts in, decisions out; the standard library only.

`docs/decisions/0001` and `0002` say in words what is decided here.
"""

from rollout.domain.decide import Decision, decide
from rollout.domain.facts import (
    Appointment,
    Area,
    Areas,
    Completion,
    Leave,
    Person,
    Versions,
    deciding,
    newest,
)
from rollout.domain.fulfil import Fulfilment, fulfilment
from rollout.domain.gaps import AREA, YEAR_OF_STUDY, gaps
from rollout.domain.merge import survivors
from rollout.domain.obligation import Obligation, Release, Sent, Standing, Status
from rollout.domain.plan import own_day, planned_day, position, release_days
from rollout.domain.policy import (
    Condition,
    Cycle,
    Group,
    Option,
    Outcome,
    ReminderRule,
    Rule,
    Sender,
    Situation,
)
from rollout.domain.prove import Flip, Node, Proof, prove
from rollout.domain.reminders import Reminder, reminders_due, reminders_of
from rollout.domain.settle import Case, Settlement, next_action_on, settle

__all__ = [
    "AREA",
    "YEAR_OF_STUDY",
    "Appointment",
    "Area",
    "Areas",
    "Case",
    "Completion",
    "Condition",
    "Cycle",
    "Decision",
    "Flip",
    "Fulfilment",
    "Group",
    "Leave",
    "Node",
    "Obligation",
    "Option",
    "Outcome",
    "Person",
    "Proof",
    "Release",
    "Reminder",
    "ReminderRule",
    "Rule",
    "Sender",
    "Sent",
    "Settlement",
    "Situation",
    "Standing",
    "Status",
    "Versions",
    "decide",
    "deciding",
    "fulfilment",
    "gaps",
    "newest",
    "next_action_on",
    "own_day",
    "planned_day",
    "position",
    "prove",
    "release_days",
    "reminders_due",
    "reminders_of",
    "settle",
    "survivors",
]
