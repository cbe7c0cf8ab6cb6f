"""Which event types exist, and which model reads each."""

from __future__ import annotations

from schemas.completion import ModuleCompleted, ModuleRevoked
from schemas.envelope import Event
from schemas.notifier import MailChanged
from schemas.reporting import EditionPublished
from schemas.rollout import CyclePublished, GroupReleased, ObligationChanged, ReminderDue
from schemas.roster import (
    ContactChanged,
    DepartmentChanged,
    PersonChanged,
    PersonOnboarded,
    PersonReported,
    PersonSeparated,
    RolesChanged,
)

EVENTS: dict[str, type[Event]] = {
    model.TYPE: model
    for model in (
        PersonOnboarded,
        PersonChanged,
        PersonSeparated,
        DepartmentChanged,
        ContactChanged,
        RolesChanged,
        CyclePublished,
        GroupReleased,
        ObligationChanged,
        ReminderDue,
        ModuleCompleted,
        ModuleRevoked,
        MailChanged,
        EditionPublished,
    )
}

INBOUND: dict[str, type[PersonReported]] = {PersonReported.TYPE: PersonReported}


def events_on(topic: str) -> dict[str, type[Event]]:
    """Event types that `topic` carries, by type name."""
    return {name: model for name, model in EVENTS.items() if topic == model.TOPIC}
