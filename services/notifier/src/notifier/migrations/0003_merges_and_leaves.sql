-- Merges and leaves, as far as mail is concerned; docs/decisions/0008.
ALTER TABLE person ADD COLUMN merged_into text;

-- `merged`: the obligation went into another person's; `merged_from`: ids whose went into this one.
ALTER TABLE obligation
ADD COLUMN paused boolean NOT NULL DEFAULT false,
ADD COLUMN resumed integer NOT NULL DEFAULT 0,
ADD COLUMN merged boolean NOT NULL DEFAULT false,
ADD COLUMN merged_from text [] NOT NULL DEFAULT '{}';
-- squawk-ignore require-concurrent-index-creation -- only the consumer writes here, and it waits
CREATE INDEX obligation_merged_from ON obligation USING gin (merged_from) WHERE merged_from <> '{}';

-- People on whom something has changed that a mail in the ledger may rest on, and may look
-- different now. Rows are only ever added and taken, so that nobody waits for anybody here.
CREATE TABLE look_again (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id text NOT NULL
);
