"""What a staged file would do, and whether that is too much to be done without a second look."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from chassis.postgres import Connection
from roster.store import departments, import_runs, import_staged
from roster.store.import_runs import Run
from roster.store.import_staged import Compared

SHOWN_IDS = 100
KINDS = (
    "onboarded",
    "reappeared",
    "changed_department",
    "changed",
    "separated",
    "contact_only",
    "late",
    "unchanged",
)
NOTHING = {
    "onboarded": 0,
    "changed": 0,
    "separated": 0,
    "unchanged": 0,
    "contacts_changed": 0,
    "late": 0,
    "contacts_withheld": 0,
}


async def compare(
    connection: Connection,
    run: Run,
    *,
    sha256: str,
    in_file: int,
    left_out: Mapping[str, int],
    named: Collection[str],
) -> Run:
    """Compare a file that was staged just now, and decide what becomes of it.

    `in_file` people were staged; `named` are the departments they name. Rows that were refused
    may have been anybody's, so that nobody is missing from such a file.
    """
    run = replace(run, sha256=sha256, whole=run.whole and not left_out.get("rejected_rows"))
    unknown = await departments.unknown_departments(connection, named)
    file = {"people": in_file, **left_out}
    difference = {
        "file": file,
        "warnings": len(unknown),
        "departments_to_check": unknown[:SHOWN_IDS],
    }
    run, found = await compared(connection, replace(run, difference=difference))
    state = "quarantined" if is_too_much(run, found) else "applying"
    return await keep(connection, run, found, state)


async def compared(connection: Connection, run: Run) -> tuple[Run, Compared]:
    """Compare what is staged with the roster as it is now; the absent are staged anew."""
    people = int(run.difference["file"]["people"])
    if run.whole:
        people += await import_staged.stage_absent(connection, run, people)
    return replace(run, people=people), await import_staged.compare(connection, run, SHOWN_IDS)


async def keep(connection: Connection, run: Run, found: Compared, state: str) -> Run:
    """Keep what was found; the file in its new state."""
    difference: dict[str, Any] = run.difference | {
        "counts": {kind: found.counts.get(kind, 0) for kind in KINDS},
        "ids": found.ids,
        "contacts_changed": found.contacts_changed,
        "brake": {
            "present": found.present,
            "affected": found.affected,
            "percent": run.brake_percent,
            "at_least": run.brake_at_least,
        },
    }
    run = replace(run, state=state, difference=difference, affected_digest=found.digest)
    await import_runs.compared(connection, run)
    return run


def is_too_much(run: Run, found: Compared) -> bool:
    """Whether the file would separate or move more people than a day usually brings."""
    share = 100 * found.affected
    return found.affected > run.brake_at_least and share > run.brake_percent * found.present


def foretold(run: Run) -> dict[str, int]:
    """What would be published, by the names of `Change`: as `counts` of a file that is applied."""
    kinds: Mapping[str, int] = run.difference.get("counts", {})
    by = {
        "onboarded": ("onboarded", "reappeared"),
        "changed": ("changed_department", "changed"),
        "separated": ("separated",),
        "unchanged": ("contact_only", "unchanged"),
        "late": ("late",),
    }
    counts = {name: sum(kinds.get(kind, 0) for kind in those) for name, those in by.items()}
    contacts = run.difference.get("contacts_changed", 0)
    return NOTHING | counts | {"contacts_changed": contacts}
