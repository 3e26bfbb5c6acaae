-- Whether a droplet is to run, told apart from whether it does. When its host
-- is restarted its machine ends, and is started again if it is wanted on.

-- +goose Up
ALTER TABLE droplets ADD COLUMN wanted_on INTEGER NOT NULL DEFAULT 1; -- 0 or 1
ALTER TABLE droplets ADD COLUMN host_life TEXT NOT NULL DEFAULT '';   -- of its host, when it was last seen to run or to be started; empty if not known
UPDATE droplets SET wanted_on = 0 WHERE status = 'off';

-- +goose Down
ALTER TABLE droplets DROP COLUMN host_life;
ALTER TABLE droplets DROP COLUMN wanted_on;
