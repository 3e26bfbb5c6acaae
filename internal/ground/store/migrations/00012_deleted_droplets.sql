-- Droplets that are being destroyed still have their addresses. They are
-- counted at each create, and must be found without a look at all others.

-- +goose Up
CREATE INDEX droplets_deleted ON droplets (id) WHERE deleted_at IS NOT NULL;

-- +goose Down
DROP INDEX droplets_deleted;
