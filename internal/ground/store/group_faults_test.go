package store_test

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

// When a commit fails, every write of its group fails. That includes a write
// whose function returned an error, because it may have read data that was
// rolled back.
func TestFailedCommitFailsEveryWriteOfItsGroup(t *testing.T) {
	storetest.NeedSQLite(t, "a pragma makes the commit fail")
	db := openStill(t)
	hook := func(tx *store.Tx) error {
		tx.OnCommit(func() { t.Error("a hook ran") })
		return nil
	}
	errs := make([]error, 3)
	together(db,
		func() { errs[0] = add(db, "a", hook) },
		func() { errs[1] = add(db, "b", func(*store.Tx) error { return errRefused }) },
		func() {
			errs[2] = add(db, "c", hook, func(tx *store.Tx) error {
				if _, err := tx.Exec(context.Background(), `PRAGMA defer_foreign_keys = ON`); err != nil {
					return err
				}
				_, err := tx.Exec(context.Background(), `INSERT INTO tokens (account_id, name, hash, scopes, created_at) VALUES (99, '', '', '', 0)`)
				return err
			})
		})
	for i, err := range errs {
		if err == nil || errors.Is(err, errRefused) || !strings.Contains(err.Error(), "FOREIGN KEY") {
			t.Errorf("write %d: %v, want the error of the commit", i, err)
		}
	}
	assertUUIDs(t, db)
	if err := add(db, "d"); err != nil {
		t.Errorf("the next write: %v", err)
	}
	assertUUIDs(t, db, "d")
}

// A full disk may roll back the whole transaction. Each caller then learns
// whether its write was committed.
func TestFullDiskDuringAGroup(t *testing.T) {
	storetest.NeedSQLite(t, "a pragma makes the disk full")
	var freed []bool // asked for by who has the turn
	db := open(t, storetest.Source(t), store.WithClock(func() time.Time { return time.Unix(1, 0) }),
		store.WithFreeSpace(func(full bool) { freed = append(freed, full) }))
	pages := func(limit string) error {
		return db.Write(t.Context(), func(tx *store.Tx) error {
			var n int
			return tx.QueryRow(t.Context(), `PRAGMA max_page_count = `+limit).Scan(&n)
		})
	}
	if err := pages("1"); err != nil { // of which there are more already: those that there are
		t.Fatal(err)
	}
	errs := make([]error, 3)
	large := strings.Repeat("x", 1<<20)
	together(db,
		func() { errs[0] = add(db, "a") },
		func() { errs[1] = add(db, large) },
		func() { errs[2] = add(db, "c") })
	if !store.IsFull(errs[1]) {
		t.Fatalf("the write that is too large: %v", errs[1])
	}
	var want []string
	for i, uuid := range []string{"a", large, "c"} {
		if errs[i] == nil {
			want = append(want, uuid)
		} else if !store.IsFull(errs[i]) {
			t.Errorf("write %d: %v", i, errs[i])
		}
	}
	if err := add(db, large); !store.IsFull(err) {
		t.Errorf("the write that is too large, alone: %v", err)
	} else {
		errs = append(errs, err)
	}
	for i, err := range errs {
		if err != nil && (strings.Contains(err.Error(), "rollback") || strings.Contains(err.Error(), "savepoint")) {
			t.Errorf("write %d tells of what SQLite had done by itself: %v", i, err)
		}
	}
	if !slices.Contains(freed, true) {
		t.Error("no disk space was freed")
	}
	assertUUIDs(t, db, want...)
	if err := pages("1000000"); err != nil {
		t.Fatal(err)
	}
	if err := add(db, "d"); err != nil {
		t.Errorf("with disk space again: %v", err)
	}
	assertUUIDs(t, db, append(want, "d")...)
}

// A panic of a hook reaches the caller of its write, and blocks no other
// write.
func TestPanicOfAHookReachesItsWriter(t *testing.T) {
	db := openStill(t)
	var mu sync.Mutex
	ran := 0
	count := func(tx *store.Tx) error {
		tx.OnCommit(func() { mu.Lock(); ran++; mu.Unlock() })
		return nil
	}
	together(db,
		func() { add(db, "a", count) },
		func() {
			defer func() {
				if p := recover(); p != "in a hook" {
					t.Errorf("the panic was %v", p)
				}
			}()
			add(db, "b", func(tx *store.Tx) error { tx.OnCommit(func() { panic("in a hook") }); return nil })
		},
		func() { add(db, "c", count) })
	add(db, "d", count)
	if ran != 3 {
		t.Errorf("%d other hooks ran", ran)
	}
	assertUUIDs(t, db, "a", "b", "c", "d")
}

func TestHookMayWrite(t *testing.T) {
	db := openStill(t)
	write := func(uuid string) func() {
		return func() {
			err := add(db, uuid, func(tx *store.Tx) error {
				tx.OnCommit(func() {
					if err := add(db, uuid+" by a hook"); err != nil {
						t.Error(err)
					}
				})
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	}
	together(db, write("a"), write("b"), write("c"))
	assertUUIDs(t, db, "a", "a by a hook", "b", "b by a hook", "c", "c by a hook")
}

// After a Close during waiting writes, the database contains the writes that
// succeeded and none of those that failed.
func TestCloseWhileWritesWait(t *testing.T) {
	for place := range 4 {
		path := filepath.Join(t.TempDir(), "db")
		db := open(t, path, store.WithClock(func() time.Time { return time.Unix(1, 0) }))
		names := []string{"a", "b", "c"}
		errs := make([]error, len(names))
		var writes []func()
		for i, name := range names {
			writes = append(writes, func() { errs[i] = add(db, name) })
		}
		together(db, slices.Insert(writes, place, func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})...)
		var want []string
		for i, err := range errs {
			if err == nil {
				want = append(want, names[i])
			}
		}
		if place > 0 && len(want) == 0 {
			t.Error("nothing was written, although a write came before the Close")
		}
		assertUUIDs(t, open(t, path), want...)
	}
}

// When the process dies, the files contain nothing of an open group, and
// everything of a group whose writes have returned.
func TestCrashLosesOpenGroupsOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db := open(t, path, store.WithClock(func() time.Time { return time.Unix(1, 0) }))
	var inside []string
	write := func(uuid string) func() {
		return func() {
			err := add(db, uuid, func(*store.Tx) error {
				inside = append(inside, copyOf(t, path))
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	}
	together(db, write("a"), write("b"), write("c"))
	for _, crashed := range inside {
		assertUUIDs(t, open(t, crashed))
	}
	assertUUIDs(t, open(t, copyOf(t, path)), "a", "b", "c")
}

// copyOf copies a database as it is on disk. Another process does so, because
// this one would lose its locks on the file when it closes the file.
func copyOf(t *testing.T, path string) string {
	t.Helper()
	folder := t.TempDir()
	names, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasSuffix(name, "-shm") })
	if out, err := exec.Command("cp", append(names, folder)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return filepath.Join(folder, filepath.Base(path))
}
