"""Copies of what other services published; an older version never overwrites a newer one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from chassis.postgres import Connection
from schemas.rollout import CyclePublished, ObligationChanged
from schemas.roster import ContactChanged, DepartmentChanged, PersonState

MERGED = "merged"  # rollout's rule for an obligation that went into another person's


async def save_cycles(connection: Connection, newest: Mapping[str, CyclePublished]) -> None:
    """Keep each cycle as published."""
    await connection.execute(
        """
        INSERT INTO cycle (cycle, version, body)
        SELECT * FROM unnest($1::text[], $2::bigint[], $3::jsonb[])
        ON CONFLICT (cycle) DO UPDATE SET version = excluded.version, body = excluded.body
        WHERE cycle.version < excluded.version
        """,
        list(newest),
        [cycle.version for cycle in newest.values()],
        [cycle.model_dump_json() for cycle in newest.values()],
    )


async def cycle_versions(connection: Connection) -> dict[str, int]:
    """The version of every cycle known."""
    rows = await connection.fetch("SELECT cycle, version FROM cycle")
    return {row["cycle"]: row["version"] for row in rows}


async def load_cycles(connection: Connection) -> dict[str, CyclePublished]:
    """Every cycle known, by its id; there are a handful."""
    rows = await connection.fetch("SELECT cycle, body FROM cycle ORDER BY cycle")
    return {row["cycle"]: CyclePublished.model_validate_json(row["body"]) for row in rows}


async def save_departments(connection: Connection, newest: Mapping[str, DepartmentChanged]) -> None:
    """Keep the area each department rolls up to."""
    await connection.execute(
        """
        INSERT INTO department (department_id, version, area_id)
        SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[])
        ON CONFLICT (department_id) DO UPDATE
            SET version = excluded.version, area_id = excluded.area_id
            WHERE department.version < excluded.version
        """,
        list(newest),
        [department.version for department in newest.values()],
        [department.area_id for department in newest.values()],
    )


async def save_people(connection: Connection, newest: Mapping[str, PersonState]) -> None:
    """Keep who is on hold, and who is an alias."""
    await connection.execute(
        """
        INSERT INTO person (person_id, version, hold, merged_into)
        SELECT * FROM unnest($1::text[], $2::bigint[], $3::boolean[], $4::text[])
        ON CONFLICT (person_id) DO UPDATE
            SET version = excluded.version, hold = excluded.hold,
                merged_into = excluded.merged_into
            WHERE person.version < excluded.version
        """,
        list(newest),
        [person.version for person in newest.values()],
        [person.hold for person in newest.values()],
        [person.merged_into for person in newest.values()],
    )


async def save_contacts(connection: Connection, newest: Mapping[str, ContactChanged]) -> None:
    """Keep how people are reached."""
    await connection.execute(
        """
        INSERT INTO contact (person_id, version, erased, display_name, email)
        SELECT person_id, version, false, display_name, email
        FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[])
             AS t(person_id, version, display_name, email)
        ON CONFLICT (person_id) DO UPDATE
            SET version = excluded.version, erased = false,
                display_name = excluded.display_name, email = excluded.email
            WHERE contact.version < excluded.version
        """,
        list(newest),
        [contact.version for contact in newest.values()],
        [contact.display_name for contact in newest.values()],
        [contact.email for contact in newest.values()],
    )


async def erase_contacts(connection: Connection, person_ids: Sequence[str]) -> None:
    """Delete the copy of these people's data; a mark stays, so that their mail is cancelled."""
    await connection.execute(
        """
        INSERT INTO contact (person_id, version, erased)
        SELECT person_id, 0, true FROM unnest($1::text[]) AS person_id
        ON CONFLICT (person_id) DO UPDATE
            SET version = 0, erased = true, display_name = NULL, email = NULL
        """,
        list(person_ids),
    )


async def resumed(
    connection: Connection, person_ids: Collection[str]
) -> dict[tuple[str, str, str], tuple[int, int]]:
    """Version and `resumed` of these people's obligations, by person, cycle and occurrence."""
    rows = await connection.fetch(
        """
        SELECT person_id, cycle, occurrence, version, resumed FROM obligation
        WHERE person_id = ANY($1::text[])
        """,
        list(person_ids),
    )
    return {(row[0], row[1], row[2]): (row[3], row[4]) for row in rows}


async def save_obligations(
    connection: Connection, newest: Mapping[tuple[str, str, str], ObligationChanged]
) -> None:
    """Keep where each obligation stands."""
    events = list(newest.values())
    await connection.execute(
        """
        INSERT INTO obligation (person_id, cycle, occurrence, version, status, hold, released,
                                completed, due_on, reopened, paused, resumed, merged,
                                merged_from, department_ids)
        SELECT person_id, cycle, occurrence, version, status, hold, released, completed, due_on,
               reopened, paused, resumed, merged, string_to_array(aliases, E'\\n'),
               string_to_array(departments, E'\\n')
        FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::boolean[],
                    $7::boolean[], $8::boolean[], $9::date[], $10::int[], $11::boolean[],
                    $12::int[], $13::boolean[], $14::text[], $15::text[])
             AS t(person_id, cycle, occurrence, version, status, hold, released, completed, due_on,
                  reopened, paused, resumed, merged, aliases, departments)
        ON CONFLICT (person_id, cycle, occurrence) DO UPDATE
            SET version = excluded.version, status = excluded.status, hold = excluded.hold,
                released = excluded.released, completed = excluded.completed,
                due_on = excluded.due_on, reopened = excluded.reopened,
                paused = excluded.paused, resumed = excluded.resumed, merged = excluded.merged,
                merged_from = excluded.merged_from,
                department_ids = excluded.department_ids
            WHERE obligation.version < excluded.version
        """,
        [event.person_id for event in events],
        [event.cycle for event in events],
        [event.occurrence for event in events],
        [event.version for event in events],
        [event.status.value for event in events],
        [event.hold for event in events],
        [event.released_at is not None for event in events],
        [event.completed_at is not None for event in events],
        [event.due_on for event in events],
        [event.reopened for event in events],
        [event.paused for event in events],
        [event.resumed for event in events],
        [event.rule == MERGED for event in events],
        # An array of arrays must be rectangular, so each list travels as one text.
        ["\n".join(event.merged_from) for event in events],
        ["\n".join(event.department_ids) for event in events],
    )
