package store_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/await"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

// endConnections ends all other connections to the database that match the
// condition, as a restart of PostgreSQL does.
func endConnections(t *testing.T, db *store.DB, where string) {
	t.Helper()
	var ended int
	err := db.QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND `+where).Scan(&ended)
	if err != nil {
		t.Fatal(err)
	}
}

func TestOneProcessClaimsTheDatabase(t *testing.T) {
	storetest.NeedPostgres(t)
	source := storetest.Source(t)
	lost := make(chan struct{})
	exclusive := store.Exclusive(func() { close(lost) })
	first, err := store.Open(t.Context(), source, exclusive)
	if err != nil {
		t.Fatal(err)
	}
	other := store.Exclusive(func() { t.Error("the last one loses it") })
	if _, err := store.Open(t.Context(), source, other); !errors.Is(err, store.ErrClaimed) {
		t.Fatalf("a second process: %v", err)
	}
	open(t, source) // a process without Exclusive

	const claims = `pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')`
	// Without another process, the first takes its claim again.
	endConnections(t, first, claims)
	for !claimed(t, first) {
	}
	// After some attempts, another process is faster.
	var second *store.DB
	for second == nil {
		endConnections(t, first, claims)
		if second, err = store.Open(t.Context(), source, other); err != nil && !errors.Is(err, store.ErrClaimed) {
			t.Fatal(err)
		}
	}
	defer second.Close()
	await.Receive(t, lost, "the first to hear that its claim is lost")
	if err := first.Close(); err != nil {
		t.Error(err)
	}
}

// claimed reports whether a process has the claim of a database.
func claimed(t *testing.T, db *store.DB) bool {
	t.Helper()
	var held int
	if err := db.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&held); err != nil {
		t.Fatal(err)
	}
	return held > 0
}

func TestWriterReconnects(t *testing.T) {
	storetest.NeedPostgres(t)
	db := open(t, storetest.Source(t))
	for range 3 {
		endConnections(t, db, `true`)
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			addAccount(t, tx, "a")
			_, err := tx.Exec(t.Context(), `DELETE FROM accounts`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A transaction that loses its connection is rolled back, whatever its caller
// does afterwards.
func TestTransactionThatLosesItsConnectionIsRolledBack(t *testing.T) {
	storetest.NeedPostgres(t)
	db := open(t, storetest.Source(t))
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		addAccount(t, tx, "lost")
		endConnections(t, db, `state = 'idle in transaction'`)
		return nil
	})
	if err == nil || !store.IsAway(err) {
		t.Errorf("committed by a connection that was gone: %v", err)
	}
	err = db.Write(t.Context(), func(tx *store.Tx) error { addAccount(t, tx, "kept"); return nil })
	if err != nil {
		t.Fatal(err)
	}
	var uuids string
	if err := db.QueryRow(t.Context(), `SELECT string_agg(uuid, ' ') FROM accounts`).Scan(&uuids); err != nil || uuids != "kept" {
		t.Errorf("accounts %q, %v", uuids, err)
	}
}

// A failed statement rolls back its whole transaction, also if the caller
// ignores the error. The caller then gets an error instead of a commit.
func TestTransactionWithAnIgnoredErrorIsRolledBack(t *testing.T) {
	storetest.NeedPostgres(t)
	db := openStill(t)
	goOn := func(tx *store.Tx) error {
		if err := addRow(tx, "there already"); err == nil {
			t.Error("added twice")
		}
		return nil
	}
	if err := add(db, "there already"); err != nil {
		t.Fatal(err)
	}
	if err := add(db, "alone", goOn); err == nil {
		t.Error("alone: kept, it is said")
	}
	var errs [2]error
	together(db, func() { errs[0] = add(db, "a") }, func() { errs[1] = add(db, "b", goOn) })
	if errs[0] != nil || errs[1] == nil {
		t.Errorf("together: %v and %v", errs[0], errs[1])
	}
	assertUUIDs(t, db, "a", "there already")
}

// No other process changes what a transaction has read before the transaction
// writes.
func TestTransactionsOfSeveralProcessesAreSerial(t *testing.T) {
	storetest.NeedPostgres(t)
	source := storetest.Source(t)
	nodes := []*store.DB{open(t, source), open(t, source), open(t, source)}
	twoAccounts(t, nodes[0])
	const times = 20
	var wg sync.WaitGroup
	for _, db := range nodes {
		wg.Go(func() {
			for range times {
				err := db.Write(context.Background(), func(tx *store.Tx) error {
					var name string
					if err := tx.QueryRow(context.Background(), `SELECT name FROM accounts ORDER BY id LIMIT 1`).Scan(&name); err != nil {
						return err
					}
					_, err := tx.Exec(context.Background(), `UPDATE accounts SET name = $1`, name+"x")
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	var name string
	if err := nodes[0].QueryRow(t.Context(), `SELECT name FROM accounts LIMIT 1`).Scan(&name); err != nil || strings.Count(name, "x") != times*len(nodes) {
		t.Errorf("%d of %d changes are there: %v", strings.Count(name, "x"), times*len(nodes), err)
	}
}

func TestSearchForATextThatPostgresCannotStore(t *testing.T) {
	storetest.NeedPostgres(t)
	db := open(t, storetest.Source(t))
	twoAccounts(t, db)
	for _, text := range []string{"\xff", "a\x00b", "\xed\xa0\x80"} {
		var n int
		if err := db.QueryRow(t.Context(), `SELECT count(*) FROM accounts WHERE uuid = $1`, text).Scan(&n); err != nil || n != 0 {
			t.Errorf("%q: %d, %v", text, n, err)
		}
	}
}

func TestAsItIsMakesNoTables(t *testing.T) {
	source := storetest.Empty(t)
	if _, err := store.Open(t.Context(), source, store.AsItIs()); err == nil || !strings.Contains(err.Error(), "first start the cloud") {
		t.Errorf("without tables: %v", err)
	}
	if _, err := os.Stat(source); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
	open(t, source)
	db, err := store.Open(t.Context(), source, store.AsItIs())
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
