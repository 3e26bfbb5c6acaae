package store_test

import (
	"context"
	"database/sql"
	"net/url"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

// awayFor makes a database unreachable while fn runs, as if PostgreSQL were
// stopped.
func awayFor(t *testing.T, source string, fn func()) {
	t.Helper()
	u, err := url.Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	u.Path = "/postgres"
	beside, err := sql.Open("pgx", u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	run := func(statement string, args ...any) {
		t.Helper()
		if _, err := beside.Exec(statement, args...); err != nil {
			t.Fatal(err)
		}
	}
	run(`ALTER DATABASE ` + name + ` ALLOW_CONNECTIONS false`)
	run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`, name)
	fn()
	run(`ALTER DATABASE ` + name + ` ALLOW_CONNECTIONS true`)
}

// The first write after an outage succeeds, however many writes failed during
// it.
func TestFirstWriteAfterALongOutageWorks(t *testing.T) {
	storetest.NeedPostgres(t)
	source := storetest.Source(t)
	db := open(t, source)
	if err := add(db, "before"); err != nil {
		t.Fatal(err)
	}
	awayFor(t, source, func() {
		for range 3 {
			if err := add(db, "lost"); !store.IsAway(err) {
				t.Errorf("a write: %v", err)
			}
			err := db.Snapshot(t.Context(), func(q store.Querier) error {
				var n int
				return q.QueryRow(context.Background(), `SELECT count(*) FROM accounts`).Scan(&n)
			})
			if !store.IsAway(err) {
				t.Errorf("a read: %v", err)
			}
		}
	})
	if err := add(db, "kept"); err != nil {
		t.Errorf("the first write after it: %v", err)
	}
	assertUUIDs(t, db, "before", "kept")
}

// Close succeeds while the database is unreachable.
func TestCloseDuringAnOutage(t *testing.T) {
	storetest.NeedPostgres(t)
	for _, writes := range []int{0, 1, 2} {
		source := storetest.Source(t)
		db, err := store.Open(t.Context(), source, store.Exclusive(func() { t.Error("lost") }))
		if err != nil {
			t.Fatal(err)
		}
		if err := add(db, "before"); err != nil {
			t.Fatal(err)
		}
		awayFor(t, source, func() {
			for range writes {
				if err := add(db, "lost"); !store.IsAway(err) {
					t.Errorf("a write: %v", err)
				}
			}
			if err := db.Close(); err != nil {
				t.Errorf("closed after %d writes that failed: %v", writes, err)
			}
		})
	}
}

// A process that hangs in a transaction blocks the writes of other processes
// for a limited time. Its transaction is then rolled back.
func TestHungWriterLosesItsTransaction(t *testing.T) {
	storetest.NeedPostgres(t)
	source := storetest.Source(t)
	hung, other := open(t, source+"&idle_in_transaction_session_timeout=100ms"), open(t, source)
	var limit string
	if err := other.QueryRow(t.Context(), `SHOW idle_in_transaction_session_timeout`).Scan(&limit); err != nil || limit != "30s" {
		t.Errorf("the limit is %q by default: %v", limit, err)
	}
	err := add(hung, "hung", func(*store.Tx) error { return add(other, "other") })
	if !store.IsAway(err) {
		t.Errorf("the one that hung: %v", err)
	}
	if err := add(hung, "goes on"); err != nil {
		t.Error(err)
	}
	assertUUIDs(t, other, "goes on", "other")
}

// While a database is read-only, writes fail with a temporary error and reads
// succeed. The first write afterwards succeeds, because read-only sessions
// are not used again.
func TestReadOnlyDatabaseRejectsWritesOnly(t *testing.T) {
	storetest.NeedPostgres(t)
	source := storetest.Source(t)
	db := open(t, source)
	if err := add(db, "before"); err != nil {
		t.Fatal(err)
	}
	beside, err := sql.Open("pgx", source)
	if err != nil {
		t.Fatal(err)
	}
	defer beside.Close()
	beside.SetMaxOpenConns(1)
	readOnly := func(value string) {
		t.Helper()
		for _, statement := range []string{
			`SET default_transaction_read_only = off`,
			`DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET default_transaction_read_only = ` + value + `'; END $$`,
		} {
			if _, err := beside.Exec(statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 2 {
		readOnly("on")
		endConnections(t, db, `application_name = 'rockpool'`)
		for range 3 {
			if err := add(db, "lost"); !store.IsAway(err) {
				t.Errorf("a write while nobody may: %v", err)
			}
		}
		if there := uuids(t, db); len(there) != 1 {
			t.Errorf("a read while nobody may write: %q", there)
		}
		readOnly("off")
		if err := add(db, "after"); err != nil {
			t.Errorf("the first write when it is allowed again: %v", err)
		}
		if err := db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), `DELETE FROM accounts WHERE uuid = 'after'`)
			return err
		}); err != nil {
			t.Error(err)
		}
	}
}

// A session that stays read-only is detected and replaced, also in the middle
// of a transaction.
func TestReadOnlySessionIsReplaced(t *testing.T) {
	storetest.NeedPostgres(t)
	db := open(t, storetest.Source(t))
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Exec(t.Context(), `SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY`); err != nil {
			return err
		}
		return addRow(tx, "before")
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := add(db, "after"); err != nil {
		t.Errorf("the next write: %v", err)
	}
	err = add(db, "lost", func(tx *store.Tx) error {
		if _, err := tx.Exec(t.Context(), `SET TRANSACTION READ ONLY`); err != nil {
			return err
		}
		return addRow(tx, "lost too")
	})
	if !store.IsAway(err) {
		t.Errorf("in the middle: %v", err)
	}
	assertUUIDs(t, db, "after", "before")
}
