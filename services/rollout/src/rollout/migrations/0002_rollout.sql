-- What rollout knows of people, departments and completions, and what it made of that per cycle.
-- Everything is by id; nothing here is personal data.

-- One row per person id anybody has mentioned. Locking it is what makes two transactions that know
-- different facts of one person decide one after the other; version 0 means: only mentioned so far.
CREATE TABLE person (
    person_id text PRIMARY KEY,
    version bigint NOT NULL DEFAULT 0 CHECK (version >= 0),
    department_ids text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX person_departments ON person USING gin (department_ids);

-- Every version of a person's facts, so that a decision can be proved again.
CREATE TABLE person_version (
    person_id text NOT NULL REFERENCES person,
    version bigint NOT NULL CHECK (version >= 1),
    effective_on date NOT NULL,
    received_at timestamptz NOT NULL,
    state jsonb NOT NULL,
    PRIMARY KEY (person_id, version)
);

-- Version 0: only mentioned so far.
CREATE TABLE department (
    department_id text PRIMARY KEY,
    version bigint NOT NULL DEFAULT 0 CHECK (version >= 0),
    area_id text,
    CHECK (version > 0 OR area_id IS NULL)
);
CREATE INDEX department_without_area ON department (department_id) WHERE area_id IS NULL;

-- Every version, because a plan depends on when an area became known.
CREATE TABLE department_version (
    department_id text NOT NULL REFERENCES department,
    version bigint NOT NULL CHECK (version >= 1),
    area_id text,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (department_id, version)
);

-- Every version of a person's standing in one course of one source.
CREATE TABLE completion (
    person_id text NOT NULL REFERENCES person,
    source text NOT NULL,
    course text NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    cycle text,
    option text,
    valid boolean NOT NULL,
    completed_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, source, course, version)
);

-- A published policy never changes; a change of the file is the next version.
CREATE TABLE policy (
    cycle text NOT NULL,
    policy_version bigint NOT NULL CHECK (policy_version >= 1),
    source text NOT NULL,
    sha256 text NOT NULL,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (cycle, policy_version)
);

-- `decided_to`: everybody up to this person id has been decided by the present policy; null: all.
CREATE TABLE cycle (
    cycle text PRIMARY KEY,
    policy_version bigint NOT NULL,
    decided_to text,
    FOREIGN KEY (cycle, policy_version) REFERENCES policy
);

-- How many people of a group have been released; `version` counts the batches.
CREATE TABLE group_release (
    cycle text NOT NULL REFERENCES cycle,
    group_id text NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    total bigint NOT NULL CHECK (total >= version),
    PRIMARY KEY (cycle, group_id)
);

-- not_in_scope, supplemental, exempt <-> scheduled -> released -> overdue
--                                                        |-> completed, completed_late
-- Released is for ever: `released_at`, `group_id` and `due_on` stay whatever the status becomes.
CREATE TABLE obligation (
    person_id text NOT NULL,
    cycle text NOT NULL,
    occurrence text NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    status text NOT NULL CHECK (status IN (
        'not_in_scope', 'supplemental', 'exempt', 'scheduled', 'released', 'overdue',
        'completed', 'completed_late', 'ended'
    )),
    hold boolean NOT NULL,
    group_id text,
    department_ids text[] NOT NULL,
    planned_on date,
    released_at timestamptz,
    due_on date,
    completed_at timestamptz,
    option text,
    supplemental_options text[] NOT NULL,
    reopened bigint NOT NULL CHECK (reopened >= 0),
    rule text NOT NULL,
    policy_version bigint NOT NULL,
    person_version bigint NOT NULL,
    sent jsonb NOT NULL,
    reminded_to date,
    next_on date,
    gaps text[] NOT NULL,
    PRIMARY KEY (person_id, cycle, occurrence),
    FOREIGN KEY (cycle, policy_version) REFERENCES policy,
    FOREIGN KEY (person_id, person_version) REFERENCES person_version,
    CONSTRAINT released_has_group_and_due_day
        CHECK ((released_at IS NULL) = (due_on IS NULL) AND (released_at IS NULL OR group_id IS NOT NULL)),
    CONSTRAINT plan_has_group CHECK (planned_on IS NULL OR group_id IS NOT NULL),
    CONSTRAINT scheduled_is_not_released CHECK (status <> 'scheduled' OR released_at IS NULL),
    CONSTRAINT only_released_is_open
        CHECK (status NOT IN ('released', 'overdue') OR (released_at IS NOT NULL AND completed_at IS NULL)),
    CONSTRAINT completed_is_released_and_complete
        CHECK (status NOT IN ('completed', 'completed_late') OR (released_at IS NOT NULL AND completed_at IS NOT NULL)),
    CONSTRAINT completion_has_option CHECK ((completed_at IS NULL) = (option IS NULL)),
    CONSTRAINT released_has_a_next_day CHECK (status <> 'released' OR next_on IS NOT NULL)
);
CREATE INDEX obligation_next ON obligation (cycle, next_on, person_id) WHERE next_on IS NOT NULL;
CREATE INDEX obligation_without_group ON obligation (cycle, person_id)
    WHERE status = 'scheduled' AND group_id IS NULL;
CREATE INDEX obligation_with_gaps ON obligation (cycle, person_id) WHERE gaps <> '{}';
