-- People and departments as they stand, and every version a person has had. Names, addresses and
-- logins are in `contact` alone, so that erasing a person is deleting one row here.

CREATE TABLE import_run (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('people', 'departments')),
    sha256 text NOT NULL,
    counts jsonb NOT NULL,
    received_at timestamptz NOT NULL
);

-- `facts` holds no personal data; it does hold the kind of leave, which leaves this service never.
CREATE TABLE person (
    person_id text PRIMARY KEY,
    version bigint NOT NULL CHECK (version >= 1),
    effective_on date NOT NULL,
    received_at timestamptz NOT NULL,
    facts jsonb NOT NULL
);

CREATE TABLE person_version (
    person_id text NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    change text NOT NULL CHECK (change IN ('onboarded', 'changed', 'separated')),
    effective_on date NOT NULL,
    received_at timestamptz NOT NULL,
    import_id uuid NOT NULL,
    facts jsonb NOT NULL,
    PRIMARY KEY (person_id, version)
);

CREATE TABLE contact (
    person_id text PRIMARY KEY,
    version bigint NOT NULL CHECK (version >= 1),
    effective_on date NOT NULL,
    received_at timestamptz NOT NULL,
    display_name text NOT NULL,
    email text,
    login text
);

CREATE TABLE department (
    department_id text PRIMARY KEY,
    version bigint NOT NULL CHECK (version >= 1),
    effective_on date NOT NULL,
    received_at timestamptz NOT NULL,
    name text NOT NULL,
    area_id text,
    area_name text,
    officer_ids text[] NOT NULL
);
