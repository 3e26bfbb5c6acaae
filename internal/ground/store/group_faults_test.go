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

// When the commit fails, nobody is told anything else: what the refused one has
// read has never been.
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

// A full disk may take the whole transaction with it. Nobody is told otherwise
// than it is.
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

// A hook that panics does so where its write was made, and keeps nobody.
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

// What was told to be written is there after a Close that came while writes
// waited, and what was not is not.
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

// The files as they are when the process dies have nothing of a group that is
// open, and all of one whose writes have returned.
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

// copyOf copies a database as it is on disk, by another process: this one would
// lose its locks on the file by closing it.
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
