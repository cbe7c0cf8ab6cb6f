-- Every accepted webhook as it came. `outcome` is empty until it has been interpreted;
-- `body` is emptied when the person it speaks of is erased.
CREATE TABLE webhook_request (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    webhook_id text NOT NULL,
    webhook_timestamp text NOT NULL,
    webhook_signature text NOT NULL,
    received_at timestamptz NOT NULL,
    body bytea,
    outcome text CHECK (outcome IN ('changed', 'unchanged', 'unmatched', 'unreadable')),
    person_id text,
    UNIQUE (source, webhook_id)
);
CREATE INDEX webhook_request_waiting ON webhook_request (id) WHERE outcome IS NULL;
CREATE INDEX webhook_request_person ON webhook_request (person_id) WHERE person_id IS NOT NULL;

-- Requests whose person the roster does not know yet, by the reference as it is compared.
CREATE TABLE unmatched (
    request_id bigint PRIMARY KEY REFERENCES webhook_request (id),
    source text NOT NULL,
    reference text NOT NULL
);
CREATE INDEX unmatched_reference ON unmatched (reference);

-- The history of each module: a set, so that repetition and order leave no trace.
CREATE TABLE module_statement (
    person_id text NOT NULL,
    source text NOT NULL,
    course text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('completed', 'revoked')),
    at timestamptz NOT NULL,
    PRIMARY KEY (person_id, source, course, kind, at)
);

-- What the history adds up to, as last published.
CREATE TABLE module_fact (
    person_id text NOT NULL,
    source text NOT NULL,
    course text NOT NULL,
    cycle text,
    option text,
    completed_at timestamptz NOT NULL,
    revoked boolean NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    PRIMARY KEY (person_id, source, course)
);

-- Projections of roster.person.v1 and roster.contact.v1: only what matching needs.
CREATE TABLE person (
    person_id text PRIMARY KEY
);

CREATE TABLE contact (
    person_id text PRIMARY KEY,
    version bigint NOT NULL,
    login text,
    email text
);
CREATE INDEX contact_login ON contact (login);
CREATE INDEX contact_email ON contact (email);
