package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

func open(t *testing.T, path string, options ...store.Option) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), path, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func addAccount(t *testing.T, tx *store.Tx, uuid string) int64 {
	t.Helper()
	id, err := tx.Insert(t.Context(),
		`INSERT INTO accounts (uuid, email, name, status, created_at) VALUES ($1, 'e', 'n', 'active', 0) RETURNING id`, uuid)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func countAccounts(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	if err := db.QueryRow(t.Context(), `SELECT count(*) FROM accounts`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWriteCommitsOrRollsBack(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "a name with ?#% in it.db"))
	hooks := 0
	refuse := errors.New("refused")
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		tx.OnCommit(func() { hooks++ })
		addAccount(t, tx, "a")
		return refuse
	})
	if !errors.Is(err, refuse) || countAccounts(t, db) != 0 || hooks != 0 {
		t.Fatalf("after a refusal: err %v, %d accounts, %d hooks", err, countAccounts(t, db), hooks)
	}
	func() {
		defer func() { recover() }()
		db.Write(t.Context(), func(tx *store.Tx) error {
			addAccount(t, tx, "a")
			panic("in the middle")
		})
	}()
	if countAccounts(t, db) != 0 {
		t.Fatal("a panic in a transaction left its rows")
	}
	err = db.Write(t.Context(), func(tx *store.Tx) error {
		tx.OnCommit(func() { hooks++ })
		addAccount(t, tx, "a")
		return nil
	})
	if err != nil || countAccounts(t, db) != 1 || hooks != 1 {
		t.Fatalf("after a commit: err %v, %d accounts, %d hooks", err, countAccounts(t, db), hooks)
	}
}

func TestDatabaseIsReadableByItsOwnerOnly(t *testing.T) {
	storetest.NeedSQLite(t, "it is about its files")
	path := storetest.Source(t)
	db := open(t, path)
	if err := db.Write(t.Context(), func(tx *store.Tx) error { addAccount(t, tx, "a"); return nil }); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal"} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestWriteContinuesAfterItsContextEnds(t *testing.T) {
	db := open(t, storetest.Source(t))
	for range 2 { // with statements that are prepared, and with new ones
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Write(ctx, func(tx *store.Tx) error {
			cancel()
			if _, err := tx.Exec(ctx, `UPDATE accounts SET name = name`); err != nil {
				return err
			}
			rows, err := tx.Query(ctx, `SELECT id FROM accounts`)
			if _, err := store.Collect(rows, err, func(row store.Scanner) (n int, err error) { return n, row.Scan(&n) }); err != nil {
				return err
			}
			var n int
			if err := tx.QueryRow(ctx, `SELECT count(*) FROM accounts`).Scan(&n); err != nil {
				return err
			}
			addAccount(t, tx, fmt.Sprint("account ", n))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := countAccounts(t, db); n != 2 {
		t.Errorf("%d accounts", n)
	}
}

func TestReadContinuesAfterItsContextEnds(t *testing.T) {
	db := open(t, storetest.Source(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var n int
	if err := db.QueryRow(ctx, `SELECT count(*) FROM accounts`).Scan(&n); err != nil {
		t.Errorf("one row: %v", err)
	}
	rows, err := db.Query(ctx, `SELECT 1`)
	got, err := store.Collect(rows, err, func(row store.Scanner) (n int, err error) { err = row.Scan(&n); return n, err })
	if err != nil || len(got) != 1 {
		t.Errorf("many rows: %v, %v", got, err)
	}
}

func TestUniqueAndReopen(t *testing.T) {
	path := storetest.Source(t)
	db, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	add := func(tx *store.Tx) error {
		_, err := tx.Insert(t.Context(), `INSERT INTO accounts (uuid, email, name, status, created_at) VALUES ('a', '', '', '', 0) RETURNING id`)
		return err
	}
	if err := db.Write(t.Context(), add); err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), add); !store.IsUnique(err) {
		t.Fatalf("a second row with the same uuid: %v, want a unique error", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if n := countAccounts(t, open(t, path)); n != 1 {
		t.Fatalf("%d accounts after opening again, want 1", n)
	}
}

func TestWritersTakeTurnsWhileReadersRead(t *testing.T) {
	db := open(t, storetest.Source(t))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 10 {
				err := db.Write(context.Background(), func(tx *store.Tx) error {
					var n int
					if err := tx.QueryRow(t.Context(), `SELECT count(*) FROM accounts`).Scan(&n); err != nil {
						return err
					}
					addAccount(t, tx, string(rune('a'+i))+string(rune('a'+j)))
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() { countAccounts(t, db) })
	}
	wg.Wait()
	if n := countAccounts(t, db); n != 80 {
		t.Fatalf("%d accounts, want 80", n)
	}
}

func TestClock(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6789, time.FixedZone("x", 3600))
	db := open(t, storetest.Source(t), store.WithClock(func() time.Time { return at }))
	if got, want := db.Now(), at.UTC().Truncate(time.Microsecond); got != want {
		t.Errorf("Now = %v, want %v", got, want)
	}
	if got := store.Time(store.Micros(db.Now())); got != db.Now() {
		t.Errorf("a round trip gives %v", got)
	}
}

// A snapshot shows the database at one time. Snapshots and writers do not
// wait for each other, however many there are.
func TestSnapshot(t *testing.T) {
	db := open(t, storetest.Source(t))
	count := func(q store.Querier) (n int) {
		if err := q.QueryRow(t.Context(), `SELECT count(*) FROM accounts`).Scan(&n); err != nil {
			t.Error(err)
		}
		return n
	}
	refuse := errors.New("refused")
	var all sync.WaitGroup
	for i := range 8 { // more than there are connections
		all.Go(func() {
			err := db.Snapshot(t.Context(), func(q store.Querier) error {
				before := count(q)
				if err := db.Write(t.Context(), func(tx *store.Tx) error {
					addAccount(t, tx, fmt.Sprint(i))
					if n := count(q); n != before {
						t.Errorf("%d accounts during a transaction, %d before", n, before)
					}
					return nil
				}); err != nil {
					t.Error(err)
				}
				if n := count(q); n != before {
					t.Errorf("%d accounts after a commit, %d before", n, before)
				}
				return refuse
			})
			if err != refuse {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := countAccounts(t, db); n != 8 {
		t.Errorf("%d accounts", n)
	}
}
