-- People whose contact was erased and who have had none since: what learning systems still say of
-- them is interpreted, and its text is not kept.
CREATE TABLE erased_person (
    person_id text PRIMARY KEY
);

-- The first look for requests that are old enough to be forgotten; each look plans the next.
INSERT INTO due_work (kind, key, due_at) VALUES ('forget_requests', 'all', to_timestamp(0));
