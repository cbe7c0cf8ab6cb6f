-- What somebody who signs in may see is what the roster says of them at that moment.

ALTER TABLE department ADD COLUMN area_lead_ids text[] NOT NULL DEFAULT '{}';

-- A person without any role keeps a row, so that an older event cannot give one back.
CREATE TABLE role (
    person_id text PRIMARY KEY,
    version integer NOT NULL,
    roles text[] NOT NULL
);

-- For proxies that name people by login. Erased together with the name.
ALTER TABLE contact ADD COLUMN login text;
-- squawk-ignore require-concurrent-index-creation -- only the consumer writes here, and it waits
CREATE INDEX contact_login ON contact (lower(login));

-- The logins of contacts already here: their topic keeps the newest of each and is read once more.
UPDATE contact SET version = 0 WHERE display_name IS NOT NULL;
DELETE FROM consumer_position WHERE topic = 'roster.contact.v1';
