"""Very many people at once whom nobody has reported before, without leaving the database.

What this writes is what `handlers.intake.take_in` writes of the same reports; a test holds the two
together, down to the bytes of the events. Only the ids of the events are made by chance here.
"""

from __future__ import annotations

from datetime import datetime

from chassis import outbox
from chassis.postgres import Connection
from roster.store.import_runs import Run
from roster.store.receipts import Receipt
from schemas.roster import ContactChanged, PersonOnboarded

_TIMEOUT_S = 120


async def take_new(connection: Connection, run: Run, up_to: int, receipt: Receipt) -> int:
    """Take in the staged people behind `run.applied_to`, up to a position, who are new to us.

    Nobody knows them under any source, and none of them was erased. Returns how many.
    """
    return int(
        await connection.fetchval(
            _TAKE_NEW,
            run.id,
            run.applied_to,
            up_to,
            run.source,
            run.file_day,
            receipt.received_at,
            _as_json(receipt.received_at),
            PersonOnboarded.TOPIC,
            PersonOnboarded.TYPE,
            ContactChanged.TOPIC,
            ContactChanged.TYPE,
            outbox.current_traceparent(),
            timeout=_TIMEOUT_S,
        )
    )


async def alike(connection: Connection, run: Run) -> list[str]:
    """Those of the run whose login, address or name somebody else has too, as far as that counts.

    A superset of those whom a proposal to merge may come of.
    """
    rows = await connection.fetch(_ALIKE, run.id, timeout=_TIMEOUT_S)
    return [row["person_id"] for row in rows]


def _as_json(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


_APPOINTMENTS = """
    SELECT string_agg(format(
        '{"appointment_id":"%s","kind":"%s","paid":%s,"department_id":"%s","start_on":"%s",'
        '"end_on":%s,"year_of_study":%s,"years_of_study":[],"supervisor_id":%s,'
        '"nominated_by":%s,"ex_officio":%s}',
        a->>'appointment_id', a->>'kind', a->>'paid', a->>'department_id', a->>'start_on',
        coalesce((a->'end_on')::text, 'null'), coalesce(a->>'year_of_study', 'null'),
        coalesce((a->'supervisor_id')::text, 'null'), coalesce((a->'nominated_by')::text, 'null'),
        coalesce(a->>'ex_officio', 'false')
    ), ',' ORDER BY position)
    FROM jsonb_array_elements(facts->'appointments') WITH ORDINALITY AS e(a, position)
"""
_LEAVES = """
    SELECT string_agg(format(
        '{"start_on":"%s","end_on":%s,"pauses":%s}',
        a->>'start_on', coalesce((a->'end_on')::text, 'null'),
        CASE WHEN a->>'kind' IN ('sabbatical', 'junior_faculty') THEN 'false' ELSE 'true' END
    ), ',' ORDER BY position)
    FROM jsonb_array_elements(facts->'leaves') WITH ORDINALITY AS e(a, position)
"""
# The person's row comes first and decides: whoever else writes that person waits for it. IS TRUE
# keeps the look-up a hash: of what a statement has just made the planner expects one row.
_TAKE_NEW = f"""
WITH new AS MATERIALIZED (
    SELECT s.person_id, coalesce(s.reported_at, $6) AS said_at,
           coalesce(s.effective_on, $5) AS effective_on, s.facts,
           s.display_name, s.email, s.login
    FROM import_person s
    WHERE s.import_id = $1 AND s.position > $2 AND s.position <= $3 AND NOT s.absent
      AND NOT EXISTS (SELECT FROM person p WHERE p.person_id = s.person_id)
      AND NOT EXISTS (SELECT FROM erasure e WHERE e.person_id = s.person_id)
), known AS (
    INSERT INTO person (person_id, version, change, effective_on, received_at, facts)
    SELECT person_id, 1, 'onboarded', effective_on, $6, facts FROM new ORDER BY person_id
    ON CONFLICT DO NOTHING
    RETURNING person_id
), taken AS MATERIALIZED (
    SELECT new.*, substr(sha256(convert_to(facts::text, 'UTF8')), 1, 16) AS digest
    FROM new WHERE (person_id IN (SELECT person_id FROM known)) IS TRUE ORDER BY person_id
), reported AS (
    INSERT INTO report
        (person_id, source, reported_at, digest, effective_on, received_at, intake_id, facts)
    SELECT person_id, $4, said_at, digest, effective_on, $6, $1, facts FROM taken
), how_reported AS (
    INSERT INTO reported_contact
        (person_id, source, reported_at, digest, display_name, email, login)
    SELECT person_id, $4, said_at, digest, display_name, email, login FROM taken
), how AS (
    INSERT INTO contact (person_id, version, effective_on, received_at, display_name, email, login)
    SELECT person_id, 1, effective_on, $6, display_name, email, login FROM taken
), told AS (
    INSERT INTO outbox (event_id, aggregatetype, aggregateid, type, subject, sequence, time,
                        payload, traceparent)
    SELECT gen_random_uuid(), $8, person_id, $9, person_id, 1, $6, convert_to(format(
        '{{"version":1,"effective_on":"%s","received_at":"%s","person_id":"%s",'
        '"onboarded_on":"%s","separated_on":%s,"appointments":[%s],"leaves":[%s],'
        '"hold":false,"merged_into":null,"aliases":[]}}',
        effective_on, $7::text, person_id, facts->>'onboarded_on',
        coalesce((facts->'separated_on')::text, 'null'), ({_APPOINTMENTS}), ({_LEAVES})
    ), 'UTF8'), $12
    FROM taken
), told_how AS (
    INSERT INTO outbox (event_id, aggregatetype, aggregateid, type, subject, sequence, time,
                        payload, traceparent)
    SELECT gen_random_uuid(), $10, person_id, $11, person_id, 1, $6, convert_to(format(
        '{{"version":1,"effective_on":"%s","received_at":"%s","person_id":"%s",'
        '"display_name":%s,"email":%s,"login":%s}}',
        effective_on, $7::text, person_id, to_json(display_name),
        coalesce(to_json(email)::text, 'null'), coalesce(to_json(login)::text, 'null')
    ), 'UTF8'), $12
    FROM taken
)
SELECT count(*) FROM taken
"""  # noqa: S608 - only the constants above are put in
# A name counts only where one of those who share it has left.
_ALIKE = """
WITH logins AS (
    SELECT lower(login) AS login FROM contact WHERE login IS NOT NULL
    GROUP BY 1 HAVING count(*) > 1
), emails AS (
    SELECT lower(email) AS email FROM contact WHERE email IS NOT NULL
    GROUP BY 1 HAVING count(*) > 1
), names AS (
    SELECT lower(display_name) AS name FROM contact JOIN person USING (person_id)
    GROUP BY 1 HAVING count(*) > 1 AND bool_or(facts->>'separated_on' IS NOT NULL)
)
SELECT c.person_id FROM contact c JOIN report r USING (person_id)
WHERE r.intake_id = $1 AND (
    lower(c.login) IN (SELECT login FROM logins)
    OR lower(c.email) IN (SELECT email FROM emails)
    OR lower(c.display_name) IN (SELECT name FROM names)
)
"""
