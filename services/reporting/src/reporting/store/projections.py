"""Projections: the newest version of each row stays, whatever order and how often it arrives.

Every function takes at most one event per row of its table; `newest_of` makes it so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chassis.postgres import Connection
from schemas.completion import CompletionState, ModuleRevoked
from schemas.notifier import MailChanged
from schemas.rollout import CyclePublished, GroupReleased, ObligationChanged
from schemas.roster import ContactChanged, DepartmentChanged, PersonState, RolesChanged


async def put_people(connection: Connection, people: Sequence[PersonState]) -> None:
    """Who is known, until when a member, on hold, and an alias of whom."""
    await connection.execute(
        """
        INSERT INTO person (person_id, version, separated_on, hold, merged_into)
        SELECT * FROM unnest($1::text[], $2::int[], $3::date[], $4::bool[], $5::text[])
        ON CONFLICT (person_id) DO UPDATE
        SET version = excluded.version, separated_on = excluded.separated_on,
            hold = excluded.hold, merged_into = excluded.merged_into
        WHERE person.version < excluded.version
        """,
        [person.person_id for person in people],
        [person.version for person in people],
        [person.separated_on for person in people],
        [person.hold for person in people],
        [person.merged_into for person in people],
    )


async def put_departments(connection: Connection, departments: Sequence[DepartmentChanged]) -> None:
    """Departments with area, officers and area leads."""
    await connection.execute(
        """
        INSERT INTO department (department_id, version, name, area_id, area_name, officer_ids,
                                area_lead_ids)
        SELECT id, version, name, area_id, area_name, officers::text[], leads::text[]
        FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[],
                    $7::text[])
             AS t(id, version, name, area_id, area_name, officers, leads)
        ON CONFLICT (department_id) DO UPDATE
        SET version = excluded.version, name = excluded.name, area_id = excluded.area_id,
            area_name = excluded.area_name, officer_ids = excluded.officer_ids,
            area_lead_ids = excluded.area_lead_ids
        WHERE department.version < excluded.version
        """,
        [department.department_id for department in departments],
        [department.version for department in departments],
        [department.name for department in departments],
        [department.area_id for department in departments],
        [department.area_name for department in departments],
        [_array(department.officer_ids) for department in departments],
        [_array(department.area_lead_ids) for department in departments],
    )


async def put_roles(connection: Connection, changes: Sequence[RolesChanged]) -> None:
    """Who works in the training office, and who audits."""
    await connection.execute(
        """
        INSERT INTO role (person_id, version, roles)
        SELECT person_id, version, roles::text[]
        FROM unnest($1::text[], $2::int[], $3::text[]) AS t(person_id, version, roles)
        ON CONFLICT (person_id) DO UPDATE
        SET version = excluded.version, roles = excluded.roles
        WHERE role.version < excluded.version
        """,
        [change.person_id for change in changes],
        [change.version for change in changes],
        [_array(role.value for role in change.roles) for change in changes],
    )


async def name_departments(connection: Connection, department_ids: Iterable[str]) -> None:
    """Departments that an obligation names and the roster has not described: known by their id."""
    await connection.execute(
        """
        INSERT INTO department (department_id, version, name)
        SELECT id, 0, id FROM unnest($1::text[]) AS id ON CONFLICT DO NOTHING
        """,
        sorted(set(department_ids)),
    )


async def put_contacts(connection: Connection, contacts: Sequence[ContactChanged]) -> None:
    """Preferred names and logins; of the contact nothing else is kept."""
    await connection.execute(
        """
        INSERT INTO contact (person_id, version, display_name, login)
        SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::text[])
        ON CONFLICT (person_id) DO UPDATE
        SET version = excluded.version, display_name = excluded.display_name,
            login = excluded.login
        WHERE contact.version < excluded.version
        """,
        [contact.person_id for contact in contacts],
        [contact.version for contact in contacts],
        [contact.display_name for contact in contacts],
        [contact.login for contact in contacts],
    )


async def erase_contacts(connection: Connection, person_ids: Sequence[str]) -> None:
    """Forget names and logins for good; that there was an erasure is remembered."""
    await connection.execute(
        """
        INSERT INTO contact (person_id, version) SELECT id, 0 FROM unnest($1::text[]) AS id
        ON CONFLICT (person_id) DO UPDATE SET display_name = NULL, login = NULL
        """,
        list(person_ids),
    )


async def any_cycle(connection: Connection) -> bool:
    """Whether a cycle is known."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM cycle)"))


async def put_cycles(connection: Connection, cycles: Sequence[CyclePublished]) -> None:
    """Cycles as they now stand."""
    await connection.execute(
        """
        INSERT INTO cycle (cycle, version, last_due_on, definition)
        SELECT * FROM unnest($1::text[], $2::int[], $3::date[], $4::text[])
        ON CONFLICT (cycle) DO UPDATE
        SET version = excluded.version, last_due_on = excluded.last_due_on,
            definition = excluded.definition
        WHERE cycle.version < excluded.version
        """,
        [cycle.cycle for cycle in cycles],
        [cycle.version for cycle in cycles],
        [max((g.due_on for g in cycle.groups), default=cycle.effective_on) for cycle in cycles],
        [cycle.model_dump_json() for cycle in cycles],
    )


async def put_releases(connection: Connection, releases: Sequence[GroupReleased]) -> None:
    """How far each group's release has come."""
    await connection.execute(
        """
        INSERT INTO group_release (cycle, "group", version, released_on, total)
        SELECT * FROM unnest($1::text[], $2::text[], $3::int[], $4::date[], $5::int[])
        ON CONFLICT (cycle, "group") DO UPDATE
        SET version = excluded.version, released_on = excluded.released_on, total = excluded.total
        WHERE group_release.version < excluded.version
        """,
        [release.cycle for release in releases],
        [release.group for release in releases],
        [release.version for release in releases],
        [release.released_on for release in releases],
        [release.total for release in releases],
    )


async def put_obligations(connection: Connection, obligations: Sequence[ObligationChanged]) -> None:
    """What each person owes now."""
    await connection.execute(
        """
        INSERT INTO obligation (person_id, cycle, occurrence, version, status, hold, "group",
            department_ids, released_at, due_on, completed_at, option, supplemental_options, rule,
            paused, merged_from)
        SELECT person_id, cycle, occurrence, version, status, hold, "group",
            departments::text[], released_at, due_on, completed_at, option, more::text[], rule,
            paused, aliases::text[]
        FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::bool[],
                    $7::text[], $8::text[], $9::timestamptz[], $10::date[], $11::timestamptz[],
                    $12::text[], $13::text[], $14::text[], $15::bool[], $16::text[])
             AS t(person_id, cycle, occurrence, version, status, hold, "group", departments,
                  released_at, due_on, completed_at, option, more, rule, paused, aliases)
        ON CONFLICT (person_id, cycle, occurrence) DO UPDATE
        SET version = excluded.version, status = excluded.status, hold = excluded.hold,
            "group" = excluded."group", department_ids = excluded.department_ids,
            released_at = excluded.released_at, due_on = excluded.due_on,
            completed_at = excluded.completed_at, option = excluded.option,
            supplemental_options = excluded.supplemental_options, rule = excluded.rule,
            paused = excluded.paused, merged_from = excluded.merged_from
        WHERE obligation.version < excluded.version
        """,
        *_shared(obligations),
        [obligation.released_at for obligation in obligations],
        [obligation.due_on for obligation in obligations],
        [obligation.completed_at for obligation in obligations],
        [obligation.option for obligation in obligations],
        [_array(obligation.supplemental_options) for obligation in obligations],
        [obligation.rule for obligation in obligations],
        [obligation.paused for obligation in obligations],
        [_array(obligation.merged_from) for obligation in obligations],
    )


async def add_history(connection: Connection, obligations: Sequence[ObligationChanged]) -> None:
    """Keep every version; several of one obligation may come at once."""
    await connection.execute(
        """
        INSERT INTO obligation_history (person_id, cycle, occurrence, version, status, hold,
            "group", department_ids, released_at, due_on, effective_on, received_at)
        SELECT person_id, cycle, occurrence, version, status, hold, "group",
            departments::text[], released_at, due_on, effective_on, received_at
        FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::bool[],
                    $7::text[], $8::text[], $9::timestamptz[], $10::date[], $11::date[],
                    $12::timestamptz[])
             AS t(person_id, cycle, occurrence, version, status, hold, "group", departments,
                  released_at, due_on, effective_on, received_at)
        ON CONFLICT DO NOTHING
        """,
        *_shared(obligations),
        [obligation.released_at for obligation in obligations],
        [obligation.due_on for obligation in obligations],
        [obligation.effective_on for obligation in obligations],
        [obligation.received_at for obligation in obligations],
    )


async def put_mails(connection: Connection, mails: Sequence[MailChanged]) -> None:
    """What became of each mail, and when."""
    await connection.execute(
        """
        INSERT INTO mail (mail_id, version, person_id, cycle, kind, ordinal, state, changed_at)
        SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::int[],
                             $7::text[], $8::timestamptz[])
        ON CONFLICT (mail_id) DO UPDATE
        SET version = excluded.version, state = excluded.state, changed_at = excluded.changed_at
        WHERE mail.version < excluded.version
        """,
        [mail.mail_id for mail in mails],
        [mail.version for mail in mails],
        [mail.person_id for mail in mails],
        [mail.cycle for mail in mails],
        [mail.kind.value for mail in mails],
        [mail.ordinal for mail in mails],
        [mail.state.value for mail in mails],
        [mail.received_at for mail in mails],
    )


async def put_completions(connection: Connection, completions: Sequence[CompletionState]) -> None:
    """What the learning systems said of each person and course."""
    await connection.execute(
        """
        INSERT INTO completion (person_id, source, course, version, cycle, option, completed_at,
                                revoked)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[],
                             $7::timestamptz[], $8::bool[])
        ON CONFLICT (person_id, source, course) DO UPDATE
        SET version = excluded.version, cycle = excluded.cycle, option = excluded.option,
            completed_at = excluded.completed_at, revoked = excluded.revoked
        WHERE completion.version < excluded.version
        """,
        [completion.person_id for completion in completions],
        [completion.source for completion in completions],
        [completion.course for completion in completions],
        [completion.version for completion in completions],
        [completion.cycle for completion in completions],
        [completion.option for completion in completions],
        [completion.completed_at for completion in completions],
        [isinstance(completion, ModuleRevoked) for completion in completions],
    )


def _shared(obligations: Sequence[ObligationChanged]) -> tuple[list[object], ...]:
    return (
        [obligation.person_id for obligation in obligations],
        [obligation.cycle for obligation in obligations],
        [obligation.occurrence for obligation in obligations],
        [obligation.version for obligation in obligations],
        [obligation.status.value for obligation in obligations],
        [obligation.hold for obligation in obligations],
        [obligation.group for obligation in obligations],
        [_array(obligation.department_ids) for obligation in obligations],
    )


def _array(items: Iterable[str]) -> str:
    """A Postgres array literal: unnest would flatten arrays of arrays."""
    quoted = (item.replace("\\", "\\\\").replace('"', '\\"') for item in items)
    return "{" + ",".join(f'"{item}"' for item in quoted) + "}"
