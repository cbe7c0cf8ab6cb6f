"""The catalogue of metric names. Labels are names of services, consumers and kinds: never an id."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

CONSUMED = Counter("rollcall_records_consumed", "Records handled.", ["consumer"])
PARKED = Counter("rollcall_records_parked", "Records parked.", ["consumer"])
RETRIED = Counter(
    "rollcall_batches_retried", "Batches tried again after a transient error.", ["consumer"]
)
FENCED = Counter("rollcall_consumer_fenced", "Batches another process had settled.", ["consumer"])
LAG = Gauge("rollcall_consumer_lag", "Records not yet handled.", ["consumer", "topic"])
PARKED_NOW = Gauge("rollcall_parked_records", "Records parked at present.", ["consumer"])
OUTBOX_OLDEST = Gauge(
    "rollcall_outbox_oldest_seconds", "Age of the oldest event not published.", ["service"]
)
OUTBOX_SIZE = Gauge("rollcall_outbox_rows", "Events not yet published.", ["service"])
DUE_WORK = Gauge("rollcall_due_work", "Due work reached and not finished.", ["service"])
HTTP = Histogram("rollcall_http_request_seconds", "Requests.", ["method", "route", "status"])
DENIED = Counter(
    "rollcall_access_denied", "Requests for what is not the viewer's, or not there.", ["kind"]
)
SIGN_IN_REFUSED = Counter(
    "rollcall_sign_in_refused", "What was said of a user and not believed.", ["why"]
)
