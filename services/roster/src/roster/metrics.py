"""The roster's own metrics, beside those of the chassis. Labels are kinds: never an id."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

INBOUND_DROPPED = Counter(
    "rollcall_inbound_fields_dropped", "Fields of records taken in that the roster does not keep."
)
ALARMS = Gauge("rollcall_roster_alarms", "Alarms open at the last look.", ["kind"])
