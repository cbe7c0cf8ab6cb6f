"""What every source has said: facts for ever, how to reach a person until it is erased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.postgres import Connection
from roster.domain import Contact, Facts, Kept, Report
from roster.store.facts_json import facts_from_json, facts_to_json
from roster.store.receipts import Receipt


@dataclass(frozen=True, slots=True)
class Difference:
    """A report that says something its source has not said before.

    `facts_kept` and `contact_kept`: whether the facts, and what is said of the contact, are to be
    kept. `late`: another report of the source goes on to hold. `erased`: the person is not to be
    known by name again.
    """

    report: Report
    facts_json: str
    reported_at: datetime
    digest: bytes
    facts_kept: bool
    late: bool
    contact_kept: bool
    erased: bool

    def kept(self, receipt: Receipt) -> Kept:
        """The report as it is kept for ever."""
        report = self.report
        return Kept(
            report.person_id,
            report.source,
            self.reported_at,
            report.effective_on or receipt.received_on,
            receipt.received_at,
            self.digest,
            report.facts,
        )


async def differences(
    connection: Connection, reports: Sequence[Report], receipt: Receipt
) -> list[Difference]:
    """Those of `reports` (each person and source once) that say something new, in their order."""
    contacts = [report.contact for report in reports]
    facts = [facts_to_json(report.facts) for report in reports]
    rows = await connection.fetch(
        _DIFFERENCES,
        [report.person_id for report in reports],
        [report.source for report in reports],
        [report.reported_at for report in reports],
        [report.effective_on for report in reports],
        facts,
        [contact.display_name for contact in contacts],
        [contact.email for contact in contacts],
        [contact.login for contact in contacts],
        receipt.received_at,
    )
    return [
        Difference(reports[position - 1], facts[position - 1], *rest) for position, *rest in rows
    ]


async def write_reports(
    connection: Connection, differences: Sequence[Difference], receipt: Receipt
) -> None:
    """Keep these reports for ever."""
    await connection.execute(
        _WRITE_REPORTS,
        [each.report.person_id for each in differences],
        [each.report.source for each in differences],
        [each.reported_at for each in differences],
        [each.digest for each in differences],
        [each.report.effective_on for each in differences],
        [each.facts_json for each in differences],
        receipt.received_on,
        receipt.received_at,
        receipt.intake_id,
    )


async def write_reported_contacts(
    connection: Connection, differences: Sequence[Difference]
) -> None:
    """Put what these reports say of how to reach people in the place of what was said before."""
    contacts = [each.report.contact for each in differences]
    await connection.execute(
        _WRITE_CONTACTS,
        [each.report.person_id for each in differences],
        [each.report.source for each in differences],
        [each.reported_at for each in differences],
        [each.digest for each in differences],
        [contact.display_name for contact in contacts],
        [contact.email for contact in contacts],
        [contact.login for contact in contacts],
    )


async def reports_of(connection: Connection, ids: Sequence[str]) -> dict[str, list[Kept]]:
    """All that was ever reported of these ids; an id without reports is missing."""
    found: dict[str, list[Kept]] = {}
    facts: dict[str, Facts] = {}
    for row in await connection.fetch(_REPORTS, ids):
        person_id, source, reported_at, effective_on, received_at, digest, text = row
        # Sources repeat themselves: equal facts are read once.
        if text not in facts:
            facts[text] = facts_from_json(text)
        found.setdefault(person_id, []).append(
            Kept(person_id, source, reported_at, effective_on, received_at, digest, facts[text])
        )
    return found


async def reported_contacts_of(
    connection: Connection, ids: Sequence[str]
) -> dict[str, dict[tuple[str, str], Contact]]:
    """How each source says these ids are reached, by (source, id)."""
    found: dict[str, dict[tuple[str, str], Contact]] = {}
    for person_id, source, *contact in await connection.fetch(_CONTACTS, ids):
        found.setdefault(person_id, {})[source, person_id] = Contact(*contact)
    return found


# A record that does not say when it was said was said after all its source has said before; what
# holds already on that day is then no news. One that does say is news unless it is here already.
# OFFSET 0 keeps the look-ups by key: a plan that scans a table per batch makes a load quadratic.
_DIFFERENCES = """
SELECT position, said_at, digest, facts_kept, late,
       contact_said AND contact_newer AND NOT erased AS contact_kept, erased
FROM (
    SELECT i.position, r.said_at, i.digest, e.person_id IS NOT NULL AS erased,
           CASE
               WHEN h.reported_at IS NULL THEN true
               WHEN i.reported_at IS NULL THEN
                   NOT (h.facts = i.facts
                        AND (i.effective_on IS NULL OR i.effective_on >= h.effective_on))
               ELSE NOT EXISTS (
                   SELECT FROM report k
                   WHERE k.person_id = i.person_id AND k.source = i.source
                     AND k.reported_at = i.reported_at AND k.digest = i.digest
                     AND (i.effective_on IS NULL OR k.effective_on = i.effective_on)
               )
           END AS facts_kept,
           h.reported_at IS NOT NULL
               AND (r.said_at, i.digest, coalesce(i.effective_on, 'infinity'))
                   < (h.reported_at, h.digest, h.effective_on) AS late,
           i.display_name <> '' AS contact_said,
           CASE
               WHEN c.reported_at IS NULL THEN true
               WHEN i.reported_at IS NULL THEN
                   (c.display_name, c.email, c.login)
                       IS DISTINCT FROM (i.display_name, i.email, i.login)
               ELSE (i.reported_at, i.digest, i.display_name, coalesce(i.email, ''),
                     coalesce(i.login, ''))
                   > (c.reported_at, c.digest, c.display_name, coalesce(c.email, ''),
                      coalesce(c.login, ''))
           END AS contact_newer
    FROM (
        SELECT *, substr(sha256(convert_to(facts::text, 'UTF8')), 1, 16) AS digest
        FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::date[], $5::jsonb[],
                    $6::text[], $7::text[], $8::text[])
             WITH ORDINALITY
             AS u(person_id, source, reported_at, effective_on, facts, display_name, email, login,
                  position)
    ) AS i
    LEFT JOIN LATERAL (
        SELECT reported_at, digest, effective_on, facts FROM report
        WHERE person_id = i.person_id AND source = i.source
        ORDER BY reported_at DESC, digest DESC, effective_on DESC LIMIT 1
    ) AS h ON true
    LEFT JOIN LATERAL (
        SELECT reported_at, digest, display_name, email, login FROM reported_contact
        WHERE person_id = i.person_id AND source = i.source OFFSET 0
    ) AS c ON true
    LEFT JOIN LATERAL (
        SELECT person_id FROM erasure WHERE person_id = i.person_id OFFSET 0
    ) AS e ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(
            i.reported_at,
            greatest($9::timestamptz, h.reported_at + interval '1 microsecond',
                     c.reported_at + interval '1 microsecond')
        ) AS said_at
    ) AS r
) AS compared
WHERE facts_kept OR (contact_said AND contact_newer)
ORDER BY position
"""
_WRITE_REPORTS = """
INSERT INTO report
    (person_id, source, reported_at, digest, effective_on, received_at, intake_id, facts)
SELECT person_id, source, reported_at, digest, coalesce(effective_on, $7), $8, $9, facts
FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::bytea[], $5::date[], $6::jsonb[])
     AS n(person_id, source, reported_at, digest, effective_on, facts)
"""
_WRITE_CONTACTS = """
INSERT INTO reported_contact
    (person_id, source, reported_at, digest, display_name, email, login)
SELECT *
FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::bytea[], $5::text[], $6::text[],
            $7::text[])
ON CONFLICT (person_id, source) DO UPDATE SET
    reported_at = excluded.reported_at, digest = excluded.digest,
    display_name = excluded.display_name, email = excluded.email, login = excluded.login
"""
_REPORTS = """
SELECT person_id, source, reported_at, effective_on, received_at, digest, facts
FROM report WHERE person_id = ANY($1::text[])
ORDER BY person_id, source, reported_at, digest, effective_on
"""
_CONTACTS = """
SELECT person_id, source, display_name, email, login
FROM reported_contact WHERE person_id = ANY($1::text[])
"""
