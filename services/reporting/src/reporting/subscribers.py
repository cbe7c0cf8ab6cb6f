"""Which topic goes to which handler."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.consumer import Handler
from reporting import handlers

HANDLERS: Mapping[str, Handler] = {
    "roster.person.v1": handlers.take_people,
    "roster.department.v1": handlers.take_departments,
    "roster.role.v1": handlers.take_roles,
    "roster.contact.v1": handlers.take_contacts,
    "rollout.group.v1": handlers.take_groups,
    "rollout.obligation.v1": handlers.take_obligations,
    "completion.module.v1": handlers.take_completions,
    "notifier.mail.v1": handlers.take_mails,
}
