package store_test

import (
	"database/sql"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

// A database from before there were sagas gets one for each unfinished action,
// with its journal and its lock, and later sagas get later ids.
func TestMigrationMakesSagasOfUnfinishedActions(t *testing.T) {
	storetest.NeedSQLite(t, "goose is asked for SQLite's migrations")
	path := storetest.Source(t)
	db := open(t, path)
	twoAccounts(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	migrate(t, path, 12)
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`INSERT INTO actions (account_id, type, status, resource_type, resource_id, started_at, completed_at)
			VALUES (1, 'create', 'completed', 'droplet', 1, 1, 2)`,
		`INSERT INTO actions (account_id, type, status, resource_type, resource_id, started_at, owner, lease_until)
			VALUES (1, 'power_off', 'in-progress', 'droplet', 1, 3, 'local', 4)`,
		`INSERT INTO actions (account_id, type, status, resource_type, resource_id, started_at, reason, owner, lease_until)
			VALUES (1, 'create', 'in-progress', 'droplet', 2, 5, 'no luck', 'local', 6)`,
		`INSERT INTO actions (account_id, type, status, resource_type, resource_id, started_at) VALUES (1, 'create', 'completed', 'droplet', 9, 7)`,
		`DELETE FROM actions WHERE resource_id = 9`,
		`INSERT INTO action_steps (action_id, step, state, at) VALUES (1, 'image', 'done', 1), (3, 'image', 'done', 1), (3, 'address', 'undone', 1)`,
	} {
		if _, err := raw.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, path)
	assert := func(query, want string) {
		t.Helper()
		var got string
		if err := db.QueryRow(t.Context(), query).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", query, got, err, want)
		}
	}
	sagas := func() {
		t.Helper()
		assert(`SELECT group_concat(id || ' ' || kind || ' ' || subject || ' ' || unwinding || ' ' || reason || ' ' || owner, ', ') FROM (SELECT * FROM sagas ORDER BY id)`,
			"2 droplet/power_off 1 0  local, 3 droplet/create 2 1 no luck local")
		assert(`SELECT group_concat(saga_id || ' ' || step || ' ' || state, ', ') FROM (SELECT * FROM saga_steps ORDER BY saga_id, step)`,
			"3 address undone, 3 image done")
		assert(`SELECT group_concat(kind || ' ' || lock_key || ' ' || saga_id, ', ') FROM (SELECT * FROM saga_locks ORDER BY lock_key)`,
			"droplet 1 2, droplet 2 3")
		assert(`SELECT group_concat(id || ' ' || resource_key || ' ' || coalesce(reason, '-'), ', ') FROM (SELECT * FROM actions ORDER BY id)`,
			"1 1 -, 2 1 -, 3 2 -")
	}
	sagas()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	migrate(t, path, 12) // and there again
	db = open(t, path)
	sagas()
	err = db.Write(t.Context(), func(tx *store.Tx) error {
		id, err := tx.Insert(t.Context(), `INSERT INTO sagas (epoch, kind, subject, params_json, unwinding, reason, started_at, owner, lease_until)
			VALUES (0, '', '', 'null', 0, '', 0, '', 0) RETURNING id`)
		if id != 5 {
			t.Errorf("the next saga is %d; there were 4 actions", id)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
