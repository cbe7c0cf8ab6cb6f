"""The mailer's metrics; labels are kinds and states, never an id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prometheus_client import Counter, Gauge

MAILS = Counter("rollcall_mails", "Mails that passed to a state.", ["kind", "state"])
TROUBLES = Counter("rollcall_smtp_troubles", "Deliveries broken off, by code.", ["reason"])
STOPPED = Gauge("rollcall_mail_stop_switches", "Stop switches that hold mail back.")
LEDGER = Gauge("rollcall_mail_ledger", "Mails by state.", ["state"])


def count(rows: Iterable[Any]) -> None:
    """Count rows of the ledger that passed to a new state."""
    for row in rows:
        MAILS.labels(row["kind"], row["state"]).inc()
