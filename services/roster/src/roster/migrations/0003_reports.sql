-- Reports of sources make a person (docs/decisions/0006). What a source said is kept for ever and
-- without personal data; `person` holds what was made of it, as last published.
--
-- The roster is stopped for this one: what it wrote before is carried over and no longer written.
-- squawk-ignore-file adding-not-nullable-field, ban-drop-column, constraint-missing-not-valid, require-concurrent-index-creation

CREATE TABLE report (
    person_id text NOT NULL,
    source text NOT NULL,
    reported_at timestamptz NOT NULL,
    digest bytea NOT NULL,
    effective_on date NOT NULL,
    received_at timestamptz NOT NULL,
    intake_id uuid NOT NULL,
    facts jsonb NOT NULL,
    PRIMARY KEY (person_id, source, reported_at, digest, effective_on)
);

-- Every version so far was what hr said. Versions of one instant keep their order.
INSERT INTO report
    (person_id, source, reported_at, digest, effective_on, received_at, intake_id, facts)
SELECT
    person_id,
    'hr',
    received_at
    + make_interval(
        secs => (row_number() OVER (PARTITION BY person_id, received_at ORDER BY version) - 1)
        / 1000000.0
    ),
    substr(sha256(convert_to(jsonb_strip_nulls(facts)::text, 'UTF8')), 1, 16),
    effective_on,
    received_at,
    import_id,
    jsonb_strip_nulls(facts)
FROM person_version;

ALTER TABLE person ADD COLUMN change text;
ALTER TABLE person ADD COLUMN hold boolean NOT NULL DEFAULT false;
ALTER TABLE person ADD COLUMN merged_into text;
ALTER TABLE person ADD COLUMN aliases text [] NOT NULL DEFAULT '{}';
UPDATE person SET
    change = v.change, facts = jsonb_strip_nulls(v.facts)
FROM person_version AS v
WHERE v.person_id = person.person_id AND v.version = person.version;
ALTER TABLE person ALTER COLUMN change SET NOT NULL;
ALTER TABLE person ADD CONSTRAINT person_change
CHECK (change IN ('onboarded', 'changed', 'separated'));
ALTER TABLE person ADD CONSTRAINT person_alias
CHECK (merged_into IS NULL OR (merged_into <> person_id AND aliases = '{}'));
CREATE INDEX person_merged_into ON person (merged_into) WHERE merged_into IS NOT NULL;

-- The present version is in `person` alone; it comes here when the next one takes its place.
DELETE FROM person_version v USING person p
WHERE p.person_id = v.person_id AND p.version = v.version;
UPDATE person_version SET facts = jsonb_strip_nulls(facts);
ALTER TABLE person_version DROP COLUMN import_id;
ALTER TABLE person_version ADD COLUMN hold boolean NOT NULL DEFAULT false;
ALTER TABLE person_version ADD COLUMN merged_into text;
ALTER TABLE person_version ADD COLUMN aliases text [] NOT NULL DEFAULT '{}';

-- Personal data: what each source says of how to reach a person, and in `contact` what is
-- published of it. All of it goes when the person is erased.
CREATE TABLE reported_contact (
    person_id text NOT NULL,
    source text NOT NULL,
    reported_at timestamptz NOT NULL,
    digest bytea NOT NULL,
    display_name text NOT NULL,
    email text,
    login text,
    PRIMARY KEY (person_id, source)
);
INSERT INTO reported_contact
    (person_id, source, reported_at, digest, display_name, email, login)
SELECT c.person_id, 'hr', r.reported_at, r.digest, c.display_name, c.email, c.login
FROM contact AS c
JOIN LATERAL (
    SELECT reported_at, digest FROM report
    WHERE report.person_id = c.person_id
    ORDER BY reported_at DESC LIMIT 1
) AS r ON true;

-- Personal data too: addresses and logins a person no longer has, to the day they were replaced.
CREATE TABLE former_contact (
    person_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('email', 'login')),
    value text NOT NULL,
    until_on date NOT NULL,
    PRIMARY KEY (person_id, kind, value)
);

CREATE INDEX contact_email ON contact (lower(email));
CREATE INDEX contact_login ON contact (lower(login));
CREATE INDEX contact_name ON contact (lower(display_name));

-- Who is not to be known by name again.
CREATE TABLE erasure (
    person_id text PRIMARY KEY,
    erased_at timestamptz NOT NULL
);

-- Why somebody is on hold, as a code; `person.hold` is what is published of it.
CREATE TABLE person_hold (
    person_id text PRIMARY KEY,
    reason text NOT NULL,
    held_at timestamptz NOT NULL
);

-- Two ids that may be one human: the office decides. The lesser id is `person_id`.
CREATE TABLE merge_proposal (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id text NOT NULL,
    other_id text NOT NULL CHECK (other_id > person_id),
    cause text NOT NULL CHECK (cause IN ('login', 'email', 'rehire')),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'accepted', 'declined')),
    proposed_at timestamptz NOT NULL,
    decided_at timestamptz,
    CHECK ((state = 'open') = (decided_at IS NULL)),
    UNIQUE (person_id, other_id)
);
CREATE INDEX merge_proposal_open ON merge_proposal (id) WHERE state = 'open';

CREATE TABLE role_grant (
    person_id text PRIMARY KEY,
    version bigint NOT NULL CHECK (version >= 1),
    roles text [] NOT NULL CHECK (roles <@ ARRAY['office', 'auditor']),
    effective_on date NOT NULL,
    received_at timestamptz NOT NULL
);

ALTER TABLE department ADD COLUMN area_lead_ids text [] NOT NULL DEFAULT '{}';
