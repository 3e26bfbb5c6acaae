-- How many rows a list of an account has, as for SQLite.

-- +goose Up
CREATE TABLE totals (
    list       TEXT COLLATE "C" NOT NULL, -- the table's name
    account_id BIGINT NOT NULL,
    total      BIGINT NOT NULL,
    PRIMARY KEY (list, account_id)
);

-- add_total changes a list's total by the rows that an account gets or loses.
-- +goose StatementBegin
CREATE FUNCTION add_total(of_list TEXT, of_account BIGINT, rows BIGINT) RETURNS VOID LANGUAGE SQL AS $$
    INSERT INTO totals (list, account_id, total) VALUES (of_list, of_account, rows)
        ON CONFLICT (list, account_id) DO UPDATE SET total = totals.total + excluded.total
$$;
-- +goose StatementEnd

-- Droplets that are being destroyed are in no list.
-- +goose StatementBegin
CREATE FUNCTION count_droplets() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP <> 'INSERT' AND old.deleted_at IS NULL THEN
        PERFORM add_total('droplets', old.account_id, -1);
    END IF;
    IF TG_OP <> 'DELETE' AND new.deleted_at IS NULL THEN
        PERFORM add_total('droplets', new.account_id, 1);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER droplets_counted AFTER INSERT OR DELETE OR UPDATE OF account_id, deleted_at ON droplets
    FOR EACH ROW EXECUTE FUNCTION count_droplets();

-- +goose StatementBegin
CREATE FUNCTION count_actions() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM add_total('actions', new.account_id, 1);
    ELSE
        PERFORM add_total('actions', old.account_id, -1);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER actions_counted AFTER INSERT OR DELETE ON actions
    FOR EACH ROW EXECUTE FUNCTION count_actions();

-- +goose Down
DROP TRIGGER actions_counted ON actions;
DROP TRIGGER droplets_counted ON droplets;
DROP FUNCTION count_actions;
DROP FUNCTION count_droplets;
DROP FUNCTION add_total;
DROP TABLE totals;
