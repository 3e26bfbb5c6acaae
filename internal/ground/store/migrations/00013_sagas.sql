-- Long operations by themselves: their parameters, what their steps have found
-- out, and their locks. Actions are the API's record of them and outlive them;
-- an action has the id of its saga.

-- +goose Up
CREATE TABLE sagas (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    epoch       INTEGER NOT NULL, -- rises with each change of its owner
    kind        TEXT NOT NULL,    -- droplet/resize
    subject     TEXT NOT NULL,    -- the id of what it is about
    params_json TEXT NOT NULL,
    unwinding   INTEGER NOT NULL, -- 1 while it is being undone
    reason      TEXT NOT NULL,    -- why it is unwinding
    started_at  INTEGER NOT NULL,
    owner       TEXT NOT NULL,    -- the node that runs it
    lease_until INTEGER NOT NULL
);

CREATE TABLE saga_steps (
    saga_id     INTEGER NOT NULL REFERENCES sagas (id),
    step        TEXT NOT NULL,
    state       TEXT NOT NULL, -- done or undone
    output_json TEXT,
    at          INTEGER NOT NULL,
    PRIMARY KEY (saga_id, step)
);

CREATE TABLE saga_locks (
    kind     TEXT NOT NULL, -- droplet
    lock_key TEXT NOT NULL, -- its id
    saga_id  INTEGER NOT NULL REFERENCES sagas (id),
    PRIMARY KEY (kind, lock_key)
);
CREATE INDEX saga_locks_saga ON saga_locks (saga_id);

INSERT INTO sagas (id, epoch, kind, subject, params_json, unwinding, reason, started_at, owner, lease_until)
SELECT id, 0, resource_type || '/' || type, resource_id || '', 'null',
    CASE WHEN reason IS NULL THEN 0 ELSE 1 END, coalesce(reason, ''), started_at, coalesce(owner, ''), coalesce(lease_until, 0)
FROM actions WHERE status = 'in-progress';
INSERT INTO saga_steps (saga_id, step, state, at)
SELECT action_id, step, state, at FROM action_steps WHERE action_id IN (SELECT id FROM sagas);
INSERT INTO saga_locks (kind, lock_key, saga_id)
SELECT resource_type, resource_id || '', id FROM actions WHERE status = 'in-progress';

DROP TABLE action_steps;
DROP INDEX actions_pending;
DROP INDEX actions_resource;
ALTER TABLE actions ADD COLUMN resource_key TEXT NOT NULL DEFAULT ''; -- the resource's id, also one that is no number
ALTER TABLE actions ADD COLUMN params_json TEXT NOT NULL DEFAULT 'null';
UPDATE actions SET resource_key = resource_id || '';
UPDATE actions SET reason = NULL WHERE status = 'in-progress';
ALTER TABLE actions DROP COLUMN resource_id;
ALTER TABLE actions DROP COLUMN owner;
ALTER TABLE actions DROP COLUMN lease_until;
CREATE INDEX actions_resource ON actions (resource_type, resource_key, id);

-- +goose Down
DROP INDEX actions_resource;
ALTER TABLE actions ADD COLUMN resource_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE actions ADD COLUMN owner TEXT;
ALTER TABLE actions ADD COLUMN lease_until INTEGER;
UPDATE actions SET resource_id = CAST(resource_key AS INTEGER);
UPDATE actions SET owner = (SELECT owner FROM sagas WHERE sagas.id = actions.id),
    lease_until = (SELECT lease_until FROM sagas WHERE sagas.id = actions.id),
    reason = coalesce(reason, (SELECT nullif(reason, '') FROM sagas WHERE sagas.id = actions.id));
ALTER TABLE actions DROP COLUMN resource_key;
ALTER TABLE actions DROP COLUMN params_json;
CREATE UNIQUE INDEX actions_pending ON actions (resource_type, resource_id) WHERE status = 'in-progress';
CREATE INDEX actions_resource ON actions (resource_type, resource_id, id);
CREATE TABLE action_steps (
    action_id INTEGER NOT NULL REFERENCES actions (id),
    step      TEXT NOT NULL,
    state     TEXT NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (action_id, step)
);
INSERT INTO action_steps (action_id, step, state, at)
SELECT saga_id, step, state, at FROM saga_steps;
DROP TABLE saga_locks;
DROP TABLE saga_steps;
DROP TABLE sagas;
