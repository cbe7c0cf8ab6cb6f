-- The SCIM door: who may use it, and the users and groups as each source wrote them, which is what
-- the source reads back. What decisions rest on goes on from here as reports.

-- The token itself is shown once and never stored.
CREATE TABLE scim_token (
    name text PRIMARY KEY,
    source text NOT NULL,
    sha256 bytea NOT NULL UNIQUE,
    scopes text[] NOT NULL,
    person_id_from text NOT NULL CHECK (person_id_from IN ('externalId', 'employeeNumber')),
    login_domain text,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    last_used_at timestamptz
);

-- `resource` is what the source said, less what is dropped; `search` the same in the form in which
-- it is compared, without anything that may not be read. Both are personal data and both are
-- emptied when the resource is deleted or the person erased: the row stays, with ids only.
CREATE TABLE scim_user (
    id uuid PRIMARY KEY,
    source text NOT NULL,
    person_id text NOT NULL,
    external_id text NOT NULL,
    user_name_key text,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    reported_at timestamptz NOT NULL,
    onboarded_on date NOT NULL,
    separated_on date,
    member_of text[] NOT NULL,
    department_id text,
    spans jsonb NOT NULL,
    department_ids text[] NOT NULL,
    resource jsonb NOT NULL,
    search jsonb NOT NULL,
    ended_at timestamptz
);

CREATE UNIQUE INDEX scim_user_name ON scim_user (source, user_name_key) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX scim_user_external ON scim_user (source, external_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX scim_user_person ON scim_user (source, person_id) WHERE ended_at IS NULL;
CREATE INDEX scim_user_page ON scim_user (source, id) WHERE ended_at IS NULL;
CREATE INDEX scim_user_modified ON scim_user (source, modified_at) WHERE ended_at IS NULL;
CREATE INDEX scim_user_of_person ON scim_user (person_id);
CREATE INDEX scim_user_emails ON scim_user USING gin ((search -> 'emails') jsonb_path_ops)
WHERE ended_at IS NULL;
CREATE INDEX scim_user_departments ON scim_user USING gin (department_ids) WHERE ended_at IS NULL;

CREATE TABLE scim_group (
    id uuid PRIMARY KEY,
    source text NOT NULL,
    department_id text NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    resource jsonb NOT NULL,
    search jsonb NOT NULL,
    ended_at timestamptz
);

CREATE UNIQUE INDEX scim_group_department ON scim_group (source, department_id)
WHERE ended_at IS NULL;
CREATE INDEX scim_group_page ON scim_group (source, id) WHERE ended_at IS NULL;
CREATE INDEX scim_group_external ON scim_group (source, (search ->> 'externalId'))
WHERE ended_at IS NULL;
