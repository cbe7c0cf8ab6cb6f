-- Copies of what other services published, each guarded by its version, and the mail ledger.

CREATE TABLE cycle (
    cycle text PRIMARY KEY,
    version bigint NOT NULL,
    body jsonb NOT NULL
);

CREATE TABLE department (
    department_id text PRIMARY KEY,
    version bigint NOT NULL,
    area_id text
);

CREATE TABLE person (
    person_id text PRIMARY KEY,
    version bigint NOT NULL,
    hold boolean NOT NULL
);

-- An erased person's row stays as a mark without content: mail to them is cancelled, not failed.
CREATE TABLE contact (
    person_id text PRIMARY KEY,
    version bigint NOT NULL,
    erased boolean NOT NULL,
    display_name text,
    email text,
    CHECK (NOT erased OR (display_name IS NULL AND email IS NULL))
);

CREATE TABLE obligation (
    person_id text NOT NULL,
    cycle text NOT NULL,
    occurrence text NOT NULL,
    version bigint NOT NULL,
    status text NOT NULL,
    hold boolean NOT NULL,
    released boolean NOT NULL,
    completed boolean NOT NULL,
    due_on date,
    reopened integer NOT NULL,
    department_ids text [] NOT NULL,
    PRIMARY KEY (person_id, cycle, occurrence)
);

-- One row per intended mail. `planned_at` and `changed_at` are calendar instants; `not_before`
-- and `created_at` are real time. `due_on` is the due day a reminder speaks of.
CREATE TABLE mail (
    mail_id uuid PRIMARY KEY,
    person_id text NOT NULL,
    cycle text NOT NULL,
    occurrence text NOT NULL,
    kind text NOT NULL,
    ordinal integer NOT NULL CHECK (ordinal >= 1),
    version bigint NOT NULL CHECK (version >= 1),
    state text NOT NULL CHECK (
        state IN (
            'planned', 'sending', 'accepted', 'failed', 'uncertain', 'cancelled', 'withheld'
        )
    ),
    reason text,
    planned_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    due_on date,
    owner uuid,
    sha256 text,
    attempts integer NOT NULL DEFAULT 0,
    not_before timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (person_id, cycle, occurrence, kind, ordinal),
    CHECK ((state = 'sending') = (owner IS NOT NULL)),
    CHECK (
        reason IS NOT NULL OR state NOT IN ('failed', 'uncertain', 'cancelled', 'withheld')
    )
);
CREATE INDEX mail_planned ON mail (not_before) WHERE state = 'planned';
CREATE INDEX mail_sending ON mail (owner) WHERE state = 'sending';
CREATE INDEX mail_withheld ON mail (person_id) WHERE state = 'withheld';
CREATE INDEX mail_uncertain ON mail (changed_at) WHERE state = 'uncertain';

-- What is stopped: everything (value ''), a kind of mail, or a cycle.
CREATE TABLE stop_switch (
    scope text NOT NULL CHECK (scope IN ('all', 'kind', 'cycle')),
    value text NOT NULL,
    reason text NOT NULL,
    stopped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (scope, value),
    CHECK ((scope = 'all') = (value = ''))
);
