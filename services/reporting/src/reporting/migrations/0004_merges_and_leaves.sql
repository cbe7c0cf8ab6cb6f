-- Merges, holds and leaves as the roster and rollout tell of them.
ALTER TABLE person
ADD COLUMN hold boolean NOT NULL DEFAULT false,
ADD COLUMN merged_into text;
-- squawk-ignore require-concurrent-index-creation -- only the consumer writes here, and it waits
CREATE INDEX person_merged ON person (merged_into) WHERE merged_into IS NOT NULL;

ALTER TABLE obligation
ADD COLUMN paused boolean NOT NULL DEFAULT false,
ADD COLUMN merged_from text [] NOT NULL DEFAULT '{}';
-- squawk-ignore require-concurrent-index-creation -- only the consumer writes here, and it waits
CREATE INDEX obligation_survivor ON obligation (person_id) WHERE merged_from <> '{}';

-- Holds and merges that were published before this service kept them: everything is read again.
UPDATE person SET version = 0;
DELETE FROM consumer_position WHERE topic = 'roster.person.v1';
