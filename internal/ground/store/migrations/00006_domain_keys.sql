-- +goose Up
-- The keys of domains that are signed; a domain without a row is not. What the
-- stages mean, and why their times are as they are, is in package dnssec.
CREATE TABLE domain_keys (
    domain_id INTEGER PRIMARY KEY REFERENCES domains (id) ON DELETE CASCADE,
    stage     TEXT NOT NULL,
    since     INTEGER NOT NULL,   -- of the stage
    switched  INTEGER,            -- when the successor began to sign
    key       TEXT NOT NULL,      -- PKCS #8 in base64
    successor TEXT,               -- likewise, during a rollover
    zone_ttl  INTEGER NOT NULL,   -- seconds: the domain's longest TTL when the key that signs began to
    serial    INTEGER,            -- the domain's when the stage began, until name servers have been seen to have it: since counts from there
    due_at    INTEGER NOT NULL    -- when there is something to do
);
CREATE INDEX domain_keys_due ON domain_keys (due_at);

-- +goose Down
DROP TABLE domain_keys;
