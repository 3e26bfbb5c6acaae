-- What a droplet will have when its resize has completed counts as taken from
-- when the resize begins.

-- +goose Up
ALTER TABLE droplets ADD COLUMN reserved_memory_mb INTEGER NOT NULL DEFAULT 0; -- 0 unless it is being resized
ALTER TABLE droplets ADD COLUMN reserved_disk_gb INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE droplets DROP COLUMN reserved_disk_gb;
ALTER TABLE droplets DROP COLUMN reserved_memory_mb;
