-- Projections: each row is the newest version received of something another service owns.

CREATE TABLE person (
    person_id text PRIMARY KEY,
    version integer NOT NULL,
    separated_on date
);

-- Version 0: so far known only from an obligation that names it.
CREATE TABLE department (
    department_id text PRIMARY KEY,
    version integer NOT NULL,
    name text NOT NULL,
    area_id text,
    area_name text,
    officer_ids text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX department_officers ON department USING gin (officer_ids);

-- The only personal data here. An erased person keeps a row without a name, so that a contact
-- published again from before the erasure stays out.
CREATE TABLE contact (
    person_id text PRIMARY KEY,
    version integer NOT NULL,
    display_name text
);

CREATE TABLE cycle (
    cycle text PRIMARY KEY,
    version integer NOT NULL,
    last_due_on date NOT NULL,
    definition text NOT NULL -- the event as JSON
);

CREATE TABLE group_release (
    cycle text NOT NULL,
    "group" text NOT NULL,
    version integer NOT NULL,
    released_on date NOT NULL,
    total integer NOT NULL,
    PRIMARY KEY (cycle, "group")
);

CREATE TABLE obligation (
    person_id text NOT NULL,
    cycle text NOT NULL,
    occurrence text NOT NULL,
    version integer NOT NULL,
    status text NOT NULL,
    hold boolean NOT NULL,
    "group" text,
    department_ids text[] NOT NULL,
    released_at timestamptz,
    due_on date,
    completed_at timestamptz,
    option text,
    supplemental_options text[] NOT NULL,
    rule text NOT NULL,
    PRIMARY KEY (person_id, cycle, occurrence)
);

-- What an edition shows of every version ever received, on both times: for reports as of a past
-- day. It has no column for what no officer may see.
CREATE TABLE obligation_history (
    person_id text NOT NULL,
    cycle text NOT NULL,
    occurrence text NOT NULL,
    version integer NOT NULL,
    effective_on date NOT NULL,
    received_at timestamptz NOT NULL,
    status text NOT NULL,
    hold boolean NOT NULL,
    "group" text,
    department_ids text[] NOT NULL,
    released_at timestamptz,
    due_on date,
    PRIMARY KEY (person_id, cycle, occurrence, version)
);

CREATE TABLE mail (
    mail_id uuid PRIMARY KEY,
    version integer NOT NULL,
    person_id text NOT NULL,
    cycle text NOT NULL,
    kind text NOT NULL,
    ordinal integer NOT NULL,
    state text NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX mail_person ON mail (person_id);

CREATE TABLE completion (
    person_id text NOT NULL,
    source text NOT NULL,
    course text NOT NULL,
    version integer NOT NULL,
    cycle text,
    option text,
    completed_at timestamptz NOT NULL,
    revoked boolean NOT NULL,
    PRIMARY KEY (person_id, source, course)
);

-- Editions: made once, never changed.

-- A night that is over, with every person counted once.
CREATE TABLE edition_night (
    business_date date NOT NULL,
    cycle text NOT NULL,
    cutoff_at timestamptz NOT NULL,
    required integer NOT NULL,
    released integer NOT NULL,
    done integer NOT NULL,
    overdue integer NOT NULL,
    exempt integer NOT NULL,
    PRIMARY KEY (business_date, cycle)
);

-- Many nights change nothing for a department: those editions share one content.
CREATE TABLE edition_content (
    department_id text NOT NULL,
    sha256 text NOT NULL,
    csv bytea NOT NULL,
    PRIMARY KEY (department_id, sha256)
);

CREATE TABLE edition (
    business_date date NOT NULL,
    cycle text NOT NULL,
    department_id text NOT NULL,
    cutoff_at timestamptz NOT NULL,
    required integer NOT NULL,
    released integer NOT NULL,
    done integer NOT NULL,
    overdue integer NOT NULL,
    exempt integer NOT NULL,
    sha256 text NOT NULL,
    PRIMARY KEY (business_date, cycle, department_id),
    FOREIGN KEY (department_id, sha256) REFERENCES edition_content
);
CREATE INDEX edition_department ON edition (department_id, cycle, business_date);

-- The second fence behind the query layer: without a viewer in the transaction nothing is there,
-- not even for the owning role.
CREATE FUNCTION viewer_sees(department text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(current_setting('reporting.sees_all', true) = 'yes', false)
    OR coalesce(
        nullif(current_setting('reporting.departments', true), '')::jsonb ? department, false
    );

ALTER TABLE edition ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE edition_content ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY seen ON edition USING (viewer_sees(department_id));
CREATE POLICY seen ON edition_content USING (viewer_sees(department_id));
