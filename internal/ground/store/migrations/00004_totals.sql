-- How many rows a list of an account has. Counting 100,000 of them would cost
-- more than reading the page that is asked for. Triggers keep the totals in the
-- transactions that change the rows, whoever changes them.

-- +goose Up
CREATE TABLE totals (
    list       TEXT NOT NULL, -- the table's name
    account_id INTEGER NOT NULL,
    total      INTEGER NOT NULL,
    PRIMARY KEY (list, account_id)
) WITHOUT ROWID;

INSERT INTO totals (list, account_id, total)
SELECT 'droplets', account_id, count(*) FROM droplets WHERE deleted_at IS NULL GROUP BY account_id
UNION ALL
SELECT 'actions', account_id, count(*) FROM actions GROUP BY account_id;

-- Droplets that are being destroyed are in no list.
-- +goose StatementBegin
CREATE TRIGGER droplets_added AFTER INSERT ON droplets WHEN new.deleted_at IS NULL BEGIN
    INSERT INTO totals (list, account_id, total) VALUES ('droplets', new.account_id, 1)
        ON CONFLICT (list, account_id) DO UPDATE SET total = total + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER droplets_removed AFTER DELETE ON droplets WHEN old.deleted_at IS NULL BEGIN
    UPDATE totals SET total = total - 1 WHERE list = 'droplets' AND account_id = old.account_id;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER droplets_changed AFTER UPDATE OF account_id, deleted_at ON droplets BEGIN
    UPDATE totals SET total = total - (old.deleted_at IS NULL) WHERE list = 'droplets' AND account_id = old.account_id;
    INSERT INTO totals (list, account_id, total) VALUES ('droplets', new.account_id, new.deleted_at IS NULL)
        ON CONFLICT (list, account_id) DO UPDATE SET total = total + excluded.total;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER actions_added AFTER INSERT ON actions BEGIN
    INSERT INTO totals (list, account_id, total) VALUES ('actions', new.account_id, 1)
        ON CONFLICT (list, account_id) DO UPDATE SET total = total + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER actions_removed AFTER DELETE ON actions BEGIN
    UPDATE totals SET total = total - 1 WHERE list = 'actions' AND account_id = old.account_id;
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER actions_removed;
DROP TRIGGER actions_added;
DROP TRIGGER droplets_changed;
DROP TRIGGER droplets_removed;
DROP TRIGGER droplets_added;
DROP TABLE totals;
