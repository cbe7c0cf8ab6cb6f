-- Files of people are staged, compared, perhaps looked at by a second person, and then applied in
-- chunks. A row of `import_run` is kept for ever and holds no personal data; the rows of
-- `import_person` hold some and are deleted once applied, rejected or expired.

ALTER TABLE import_run
    ADD COLUMN state text NOT NULL DEFAULT 'applied'
        CHECK (state IN ('reading', 'quarantined', 'applying', 'applied', 'rejected', 'expired')),
    ADD COLUMN source text,
    ADD COLUMN mapping text,
    ADD COLUMN uploaded_by text,
    -- The day the file is about: absent people are separated as of it.
    ADD COLUMN file_day date,
    -- Whether people of the source whom the file does not name are separated.
    ADD COLUMN whole boolean NOT NULL DEFAULT false,
    ADD COLUMN brake_percent double precision,
    ADD COLUMN brake_at_least bigint,
    -- What the comparison found, and a digest of those it would separate or move.
    ADD COLUMN difference jsonb,
    ADD COLUMN affected_digest text,
    ADD COLUMN people bigint NOT NULL DEFAULT 0,
    ADD COLUMN applied_to bigint NOT NULL DEFAULT 0,
    ADD COLUMN decided_by text,
    ADD COLUMN decided_at timestamptz,
    ADD COLUMN reason text;

CREATE TABLE import_person (
    import_id uuid NOT NULL,
    position bigint NOT NULL,
    person_id text NOT NULL,
    effective_on date,
    reported_at timestamptz,
    facts jsonb NOT NULL,
    display_name text NOT NULL,
    email text,
    login text,
    -- Not in the file: a person of its source whom it does not name.
    absent boolean NOT NULL DEFAULT false,
    PRIMARY KEY (import_id, position)
);
