package store_test

import (
	"context"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

// These settings make a commit durable before it is acknowledged. Other tests
// do not notice most of them; a power cut would.
func TestSettingsOfSQLite(t *testing.T) {
	storetest.NeedSQLite(t, "pragmas are SQLite's")
	db := open(t, storetest.Source(t))
	want := map[string]string{
		"synchronous":  "2", // FULL: the log is flushed by each commit
		"journal_mode": "wal",
		"foreign_keys": "1",
		"busy_timeout": "10000",
	}
	settings := func(who string, q store.Querier) {
		t.Helper()
		for name, value := range want {
			var got string
			if err := q.QueryRow(context.Background(), `PRAGMA `+name).Scan(&got); err != nil || got != value {
				t.Errorf("%s of who %s is %q, %v; want %q", name, who, got, err, value)
			}
		}
	}
	if err := db.Write(t.Context(), func(tx *store.Tx) error { settings("writes", tx); return nil }); err != nil {
		t.Fatal(err)
	}
	// Each in turn has a connection of its own, until all of them are taken.
	var nested func(left int)
	nested = func(left int) {
		err := db.Snapshot(t.Context(), func(q store.Querier) error {
			settings("reads", q)
			if left > 1 {
				nested(left - 1)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	nested(store.Readers)
}

// The same for PostgreSQL, whatever the defaults of the server are.
func TestSettingsOfPostgres(t *testing.T) {
	storetest.NeedPostgres(t)
	source := storetest.Source(t)
	beside := open(t, source)
	err := beside.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(t.Context(), `DO $$ BEGIN
			EXECUTE 'ALTER DATABASE ' || current_database() || ' SET synchronous_commit = off';
			EXECUTE 'ALTER DATABASE ' || current_database() || ' SET default_transaction_isolation = serializable';
		END $$`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, source)
	settings := func(who string, q store.Querier) {
		t.Helper()
		for name, value := range map[string]string{
			"synchronous_commit":                  "on",
			"default_transaction_isolation":       "read committed",
			"idle_in_transaction_session_timeout": "30s",
			"lock_timeout":                        "30s",
			"application_name":                    "rockpool",
		} {
			var got string
			if err := q.QueryRow(context.Background(), `SHOW `+name).Scan(&got); err != nil || got != value {
				t.Errorf("%s of who %s is %q, %v; want %q", name, who, got, err, value)
			}
		}
	}
	if err := db.Write(t.Context(), func(tx *store.Tx) error { settings("writes", tx); return nil }); err != nil {
		t.Fatal(err)
	}
	settings("reads", db)
}

// Both databases reject rows whose parent does not exist.
func TestForeignKeysAreEnforced(t *testing.T) {
	db := open(t, storetest.Source(t))
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO tokens (account_id, name, hash, scopes, created_at) VALUES (99, '', '', '', 0)`)
		return err
	})
	if err == nil {
		t.Error("a token of no account was written")
	}
}
