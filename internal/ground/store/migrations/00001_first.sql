-- Times are microseconds of Unix time, UTC. Columns that end in _json hold JSON.

-- +goose Up
CREATE TABLE accounts (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid          TEXT NOT NULL UNIQUE,
    email         TEXT NOT NULL,
    name          TEXT NOT NULL,
    status        TEXT NOT NULL,
    created_at    INTEGER NOT NULL
);

CREATE TABLE tokens (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id   INTEGER NOT NULL REFERENCES accounts (id),
    name         TEXT NOT NULL,
    hash         BLOB NOT NULL UNIQUE, -- SHA-256 of the token's text
    scopes       TEXT NOT NULL,        -- separated by spaces
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER
);

CREATE TABLE ssh_keys (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id  INTEGER NOT NULL REFERENCES accounts (id),
    name        TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    public_key  TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    UNIQUE (account_id, fingerprint)
);

CREATE TABLE images (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id   INTEGER REFERENCES accounts (id), -- null: public
    slug         TEXT UNIQUE,
    name         TEXT NOT NULL,
    type         TEXT NOT NULL,
    distribution TEXT NOT NULL,
    description  TEXT NOT NULL,
    min_disk_gb  INTEGER NOT NULL,
    created_at   INTEGER NOT NULL
);

CREATE TABLE droplets (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id       INTEGER NOT NULL REFERENCES accounts (id),
    name             TEXT NOT NULL,
    region_slug      TEXT NOT NULL,
    size_slug        TEXT NOT NULL,
    vcpus            INTEGER NOT NULL,
    memory_mb        INTEGER NOT NULL,
    disk_gb          INTEGER NOT NULL,
    image_id         INTEGER NOT NULL,
    image_json       TEXT NOT NULL, -- the image as it was at the create
    status           TEXT NOT NULL,
    vpc_uuid         TEXT NOT NULL,
    features_json    TEXT NOT NULL,
    tags_json        TEXT NOT NULL,
    public_keys_json TEXT NOT NULL,
    user_data        TEXT,
    created_at       INTEGER NOT NULL,
    deleted_at       INTEGER        -- set while the destroy action runs
);
CREATE INDEX droplets_account ON droplets (account_id, id) WHERE deleted_at IS NULL;

CREATE TABLE addresses (
    address       TEXT PRIMARY KEY,
    droplet_id    INTEGER NOT NULL UNIQUE,
    forwards_json TEXT NOT NULL
);

CREATE TABLE actions (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id    INTEGER NOT NULL REFERENCES accounts (id),
    type          TEXT NOT NULL,
    status        TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    resource_id   INTEGER NOT NULL,
    region_slug   TEXT,
    started_at    INTEGER NOT NULL,
    completed_at  INTEGER,
    reason        TEXT,               -- why it is unwinding or errored
    progress      TEXT,               -- what it is doing, for people
    owner         TEXT,               -- the node that works on it
    lease_until   INTEGER
);
-- One unfinished action a resource: this index is what refuses the second.
CREATE UNIQUE INDEX actions_pending ON actions (resource_type, resource_id) WHERE status = 'in-progress';
CREATE INDEX actions_resource ON actions (resource_type, resource_id, id);
CREATE INDEX actions_account ON actions (account_id, id);

CREATE TABLE action_steps (
    action_id INTEGER NOT NULL REFERENCES actions (id),
    step      TEXT NOT NULL,
    state     TEXT NOT NULL, -- done or undone
    at        INTEGER NOT NULL,
    PRIMARY KEY (action_id, step)
);

-- +goose Down
DROP TABLE action_steps;
DROP TABLE actions;
DROP TABLE addresses;
DROP TABLE droplets;
DROP TABLE images;
DROP TABLE ssh_keys;
DROP TABLE tokens;
DROP TABLE accounts;
