-- Actions that ended long ago are removed, oldest first.

-- +goose Up
CREATE INDEX actions_completed ON actions (completed_at) WHERE completed_at IS NOT NULL;

-- +goose Down
DROP INDEX actions_completed;
