-- The serial of the catalog, the zone that lists the domains, as a change left
-- it. It is in the log of changes, so that name servers that have followed the
-- log equally far have the same one. It begins at the Unix time.

-- +goose Up
ALTER TABLE domain_sequence ADD COLUMN catalog_serial INTEGER NOT NULL DEFAULT 1;
UPDATE domain_sequence SET catalog_serial = CAST(strftime('%s', 'now') AS INTEGER);
ALTER TABLE domain_changes ADD COLUMN catalog_serial INTEGER NOT NULL DEFAULT 1;

-- +goose Down
ALTER TABLE domain_changes DROP COLUMN catalog_serial;
ALTER TABLE domain_sequence DROP COLUMN catalog_serial;
