-- Finding droplets by their name must not read all of an account's. The index
-- has the comparison's own form, and the id, which lists are ordered by.

-- +goose Up
CREATE INDEX droplets_name ON droplets (account_id, lower(name), id) WHERE deleted_at IS NULL;

-- +goose Down
DROP INDEX droplets_name;
