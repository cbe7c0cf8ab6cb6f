-- What the office has to look after. An alarm closes itself when its cause is gone; when the cause
-- comes back it is a new one. Ids and codes only.
CREATE TABLE alarm (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    subject_id text NOT NULL,
    owner text,
    note text,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL CHECK (last_seen_at >= first_seen_at),
    resolved_at timestamptz
);
CREATE UNIQUE INDEX alarm_open ON alarm (kind, subject_id) WHERE resolved_at IS NULL;
CREATE INDEX alarm_resolved ON alarm (resolved_at DESC) WHERE resolved_at IS NOT NULL;

-- When a source was last heard on Kafka. Files and SCIM leave traces of their own.
CREATE TABLE feed_heard (
    source text PRIMARY KEY,
    heard_at timestamptz NOT NULL
);
