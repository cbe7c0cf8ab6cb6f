-- Leaves that stop deadlines, and ids that are one person.
-- The service is stopped for this one.
-- squawk-ignore-file ban-drop-constraint, require-concurrent-index-creation

-- The ids merged into this one, by its newest version.
ALTER TABLE person ADD COLUMN aliases text[] NOT NULL DEFAULT '{}';
CREATE INDEX person_aliases ON person USING gin (aliases) WHERE aliases <> '{}';

-- `own_*`: the release under this id, which may stand back behind an earlier one of an alias.
ALTER TABLE obligation
    ADD COLUMN paused boolean NOT NULL DEFAULT false,
    ADD COLUMN resumed bigint NOT NULL DEFAULT 0,
    ADD COLUMN merged_from text[] NOT NULL DEFAULT '{}',
    ADD COLUMN opened_on date,
    ADD COLUMN own_group_id text,
    ADD COLUMN own_planned_on date,
    ADD COLUMN own_released_at timestamptz;
UPDATE obligation
SET own_group_id = group_id, own_planned_on = planned_on, own_released_at = released_at
WHERE released_at IS NOT NULL;
ALTER TABLE obligation
    DROP CONSTRAINT released_has_a_next_day,
    ADD CONSTRAINT released_has_a_next_day
        CHECK (status <> 'released' OR paused OR next_on IS NOT NULL) NOT VALID,
    ADD CONSTRAINT only_what_is_asked_is_paused
        CHECK (NOT paused OR status = 'released') NOT VALID,
    ADD CONSTRAINT resumed_counts CHECK (resumed >= 0) NOT VALID,
    ADD CONSTRAINT own_release_is_whole
        CHECK ((own_released_at IS NULL) = (own_group_id IS NULL)) NOT VALID,
    ADD CONSTRAINT own_release_shows
        CHECK (own_released_at IS NULL OR released_at <= own_released_at) NOT VALID,
    ADD CONSTRAINT only_a_survivor_shows_another_s_release
        CHECK (released_at IS NULL OR own_released_at IS NOT NULL OR merged_from <> '{}') NOT VALID;
