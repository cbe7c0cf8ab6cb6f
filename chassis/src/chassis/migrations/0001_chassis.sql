-- Tables every service has. Column names of the outbox are those of Debezium's outbox router,
-- so that the relay can be exchanged for it.

CREATE TABLE consumer_position (
    consumer text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL CHECK (next_offset >= 0),
    PRIMARY KEY (consumer, topic, partition)
);

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL,
    aggregatetype text NOT NULL,
    aggregateid text NOT NULL,
    type text,
    subject text NOT NULL,
    sequence bigint NOT NULL,
    time timestamptz NOT NULL,
    traceparent text,
    payload bytea,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE lease (
    name text PRIMARY KEY,
    token uuid NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE TABLE inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    handled_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);

CREATE TABLE parked (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    key bytea,
    headers jsonb NOT NULL,
    value bytea,
    reason text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (consumer, topic, partition, "offset")
);
CREATE INDEX parked_key ON parked (consumer, topic, key);

CREATE TABLE due_work (
    kind text NOT NULL,
    key text NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    retry_at timestamptz,
    last_error text,
    PRIMARY KEY (kind, key)
);
CREATE INDEX due_work_due_at ON due_work (due_at);

-- One row where somebody steps the calendar; empty where it runs with the wall clock.
CREATE TABLE calendar (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    now timestamptz NOT NULL
);
