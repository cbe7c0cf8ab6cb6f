-- The version guards against older events; `merged_into` is the person this id is an alias of.
ALTER TABLE person
ADD COLUMN version bigint NOT NULL DEFAULT 0,
ADD COLUMN merged_into text;
