package store_test

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/pressly/goose/v3"
	"pgregory.net/rapid"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

// wrongTotals counts the stored totals of lists that differ from a count of
// the rows, in one snapshot.
const wrongTotals = `SELECT count(*) FROM (
	SELECT a.id, (SELECT count(*) FROM droplets WHERE account_id = a.id AND deleted_at IS NULL) AS counted,
		(SELECT coalesce(max(total), 0) FROM totals WHERE list = 'droplets' AND account_id = a.id) AS kept FROM accounts a
	UNION ALL
	SELECT a.id, (SELECT count(*) FROM actions WHERE account_id = a.id),
		(SELECT coalesce(max(total), 0) FROM totals WHERE list = 'actions' AND account_id = a.id) FROM accounts a) AS totals
	WHERE counted <> kept`

func assertTotals(t interface {
	Helper()
	Fatalf(string, ...any)
}, db *store.DB) {
	t.Helper()
	var wrong int
	if err := db.QueryRow(context.Background(), wrongTotals).Scan(&wrong); err != nil || wrong != 0 {
		t.Fatalf("%d totals are not what is there: %v", wrong, err)
	}
}

// changes are the changes that can happen to counted rows. Their parameters
// are an account, and the position of the row before the newest.
var changes = map[string]string{
	"add a droplet": `INSERT INTO droplets (account_id, name, region_slug, size_slug, vcpus, memory_mb, disk_gb, image_id, image_json,
		status, vpc_uuid, features_json, tags_json, public_keys_json, created_at)
		VALUES ($1, '', '', '', 1, 1, 1, 1, '', '', '', '', '', '', $2)`,
	"begin to destroy it": `UPDATE droplets SET deleted_at = 1 WHERE account_id = $1 AND id = (SELECT max(id) - $2 FROM droplets)`,
	"keep it after all":   `UPDATE droplets SET deleted_at = NULL WHERE account_id = $1 AND id = (SELECT max(id) - $2 FROM droplets)`,
	"give it away":        `UPDATE droplets SET account_id = $1 WHERE id = (SELECT max(id) - $2 FROM droplets)`,
	"rename it":           `UPDATE droplets SET name = 'x' WHERE account_id = $1 AND id = (SELECT max(id) - $2 FROM droplets)`,
	"remove it":           `DELETE FROM droplets WHERE account_id = $1 AND id = (SELECT max(id) - $2 FROM droplets)`,
	"add an action": `INSERT INTO actions (id, account_id, type, status, resource_type, resource_key, started_at)
		VALUES ((SELECT coalesce(max(id), 0) + 1 FROM actions), $1, '', 'completed', 'droplet', CAST($2 AS BIGINT) || '', 0)`,
	"remove an action": `DELETE FROM actions WHERE account_id = $1 AND id = (SELECT max(id) - $2 FROM actions)`,
}

var errRolledBack = errors.New("rolled back")

// Totals are right after every change of the rows, committed or rolled back.
func TestTotalsMatchTheRows(t *testing.T) {
	db := open(t, storetest.Source(t))
	accounts := twoAccounts(t, db)
	names := slices.Sorted(maps.Keys(changes))
	rapid.Check(t, func(t *rapid.T) {
		commit := rapid.Bool().Draw(t, "commit")
		err := db.Write(context.Background(), func(tx *store.Tx) error {
			for _, name := range []string{"add a droplet", "add an action"} { // so that there is something to change
				for i := range 6 {
					if _, err := tx.Exec(context.Background(), changes[name], accounts[i%2], 0); err != nil {
						return err
					}
				}
			}
			for range rapid.IntRange(1, 10).Draw(t, "changes") {
				name := rapid.SampledFrom(names).Draw(t, "change")
				account := rapid.SampledFrom(accounts).Draw(t, "account")
				before := rapid.IntRange(0, 5).Draw(t, "before")
				if _, err := tx.Exec(context.Background(), changes[name], account, before); err != nil {
					return err
				}
			}
			if !commit {
				return errRolledBack
			}
			return nil
		})
		if err != nil && !errors.Is(err, errRolledBack) {
			t.Fatal(err)
		}
		assertTotals(t, db)
	})
}

// No reader sees a total that differs from the rows.
func TestTotalsMatchTheRowsDuringWrites(t *testing.T) {
	db := open(t, storetest.Source(t))
	accounts := twoAccounts(t, db)
	var writers, readers sync.WaitGroup
	written := make(chan struct{})
	for n := range 4 {
		writers.Go(func() {
			for i := range 20 {
				for _, change := range []string{"add a droplet", "add an action", "begin to destroy it", "remove it"} {
					err := db.Write(context.Background(), func(tx *store.Tx) error {
						_, err := tx.Exec(context.Background(), changes[change], accounts[n%2], i%3)
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			}
		})
		readers.Go(func() {
			for {
				assertTotals(errorer{t}, db)
				select {
				case <-written:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(written)
	readers.Wait()
	var actions int
	err := db.QueryRow(t.Context(), `SELECT sum(total) FROM totals WHERE list = 'actions'`).Scan(&actions)
	if want := 4 * 20; err != nil || actions != want { // nothing removes them
		t.Errorf("%d actions are counted, %v, want %d", actions, err, want)
	}
}

// errorer fails a test from any of its goroutines.
type errorer struct{ *testing.T }

func (t errorer) Fatalf(format string, args ...any) { t.Errorf(format, args...) }

// The migration that adds totals counts the existing rows.
func TestMigrationCountsExistingRows(t *testing.T) {
	storetest.NeedSQLite(t, "no PostgreSQL is older than totals")
	path := storetest.Source(t)
	db := open(t, path)
	accounts := twoAccounts(t, db)
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		for i := range 10 {
			for _, change := range []string{"add a droplet", "add an action", "begin to destroy it"} {
				if _, err := tx.Exec(t.Context(), changes[change], accounts[i%2], i%3); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	migrate(t, path, 3)
	db = open(t, path)
	assertTotals(t, db)
	var total int
	if err := db.QueryRow(t.Context(), `SELECT sum(total) FROM totals`).Scan(&total); err != nil || total < 12 {
		t.Errorf("all totals together are %d, %v", total, err)
	}
}

// migrate changes a database back to that version.
func migrate(t *testing.T, path string, version int64) {
	t.Helper()
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	provider, err := goose.NewProvider(goose.DialectSQLite3, raw, os.DirFS("migrations"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.DownTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
}

func twoAccounts(t *testing.T, db *store.DB) (ids []int64) {
	t.Helper()
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		ids = []int64{addAccount(t, tx, "a"), addAccount(t, tx, "b")}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}
