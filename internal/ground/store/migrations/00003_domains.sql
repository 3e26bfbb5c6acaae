-- +goose Up
CREATE TABLE domains (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id     INTEGER NOT NULL REFERENCES accounts (id),
    name           TEXT NOT NULL UNIQUE, -- lower case, without a final dot
    ttl            INTEGER NOT NULL,     -- seconds
    serial         INTEGER NOT NULL,     -- of the SOA record
    primary_server TEXT NOT NULL,        -- in the SOA record, without a final dot
    bad_zone_file  TEXT,                 -- what the name server refused last
    bad_zone_error TEXT,                 -- and why
    created_at     INTEGER NOT NULL
);
CREATE INDEX domains_account ON domains (account_id, id);

CREATE TABLE domain_records (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    domain_id  INTEGER NOT NULL REFERENCES domains (id) ON DELETE CASCADE,
    type       TEXT NOT NULL,
    name       TEXT NOT NULL, -- relative to the domain, @ for its apex
    name_key   TEXT NOT NULL, -- the name in lower case
    data       TEXT NOT NULL,
    priority   INTEGER,
    port       INTEGER,
    weight     INTEGER,
    flags      INTEGER,
    tag        TEXT,
    ttl        INTEGER NOT NULL,
    droplet_id INTEGER        -- set if the cloud made it for a droplet
);
CREATE INDEX domain_records_domain ON domain_records (domain_id, id);
CREATE INDEX domain_records_name ON domain_records (domain_id, name_key, type);
CREATE INDEX domain_records_type ON domain_records (domain_id, type, id);

-- The last serials of domains that are gone: who makes one again goes on from
-- there, or its secondaries would not follow.
CREATE TABLE domain_serials (
    name   TEXT PRIMARY KEY,
    serial INTEGER NOT NULL
);

-- What changed in which order, for the name servers of all nodes. The numbers
-- come from domain_sequence, whose one row is locked until the commit: they
-- have no gaps and are in the order of the commits.
CREATE TABLE domain_changes (
    seq         INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL,    -- change, zone (read it whole) or remove
    name        TEXT NOT NULL,
    from_serial INTEGER NOT NULL,
    serial      INTEGER NOT NULL,
    removed     TEXT NOT NULL,    -- records of a change, in the form of zone files
    added       TEXT NOT NULL,
    created_at  INTEGER NOT NULL
);
CREATE INDEX domain_changes_created ON domain_changes (created_at);
CREATE TABLE domain_sequence (
    seq INTEGER NOT NULL
);
INSERT INTO domain_sequence (seq) VALUES (0);

-- Which droplet has which address, as far as reverse zones are concerned.
CREATE TABLE domain_pointers (
    address    TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    droplet_id INTEGER NOT NULL,
    name       TEXT NOT NULL
);
CREATE INDEX domain_pointers_account ON domain_pointers (account_id);
INSERT INTO domain_pointers (address, account_id, droplet_id, name)
    SELECT a.address, d.account_id, d.id, d.name FROM addresses a JOIN droplets d ON d.id = a.droplet_id;

-- +goose Down
DROP TABLE domain_pointers;
DROP TABLE domain_sequence;
DROP TABLE domain_changes;
DROP TABLE domain_serials;
DROP TABLE domain_records;
DROP TABLE domains;
