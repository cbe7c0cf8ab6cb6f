"""All comparisons, in the order in which a fault travels."""

from recount.check import Check
from recount.check_editions import check_editions, check_published
from recount.check_log import (
    check_batches,
    check_obligations,
    check_records,
    check_reminders,
    check_roster,
    check_versions,
)
from recount.check_mails import check_addresses, check_expected, check_once
from recount.evidence import Evidence
from recount.recompute import recompute


def compare(evidence: Evidence) -> list[Check]:
    """Recompute everything and compare it with what the platform did."""
    recomputed = recompute(evidence)
    return [
        check_records(evidence),
        check_versions(evidence),
        check_roster(evidence, recomputed),
        check_obligations(evidence, recomputed),
        check_batches(evidence, recomputed),
        check_reminders(evidence, recomputed),
        check_editions(evidence, recomputed),
        check_published(evidence),
        check_once(evidence),
        check_addresses(evidence),
        check_expected(evidence, recomputed),
    ]
