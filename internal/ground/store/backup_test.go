package store_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

// A backup during writes contains every write that was committed before it,
// and no part of an uncommitted transaction.
func TestBackupDuringWritesIsConsistent(t *testing.T) {
	storetest.NeedSQLite(t, "PostgreSQL has its own backups")
	path := storetest.Source(t)
	db := open(t, path)
	if err := add(db, "before first", func(tx *store.Tx) error { return addRow(tx, "before second") }); err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	done := make(chan struct{})
	for worker := range 4 {
		writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				name := fmt.Sprintf("%d.%d", worker, i)
				if err := add(db, name+" first", func(tx *store.Tx) error { return addRow(tx, name+" second") }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	to := filepath.Join(t.TempDir(), "backup")
	for range 5 {
		if err := store.Backup(t.Context(), path, to, true); err != nil {
			t.Error(err)
		}
	}
	close(done)
	writers.Wait()
	if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup is %v, %v; want it for its owner alone", info, err)
	}
	assertNoPartials(t, to)
	restored := filepath.Join(t.TempDir(), "db")
	if _, err := store.Restore(t.Context(), to, restored, false); err != nil {
		t.Fatal(err)
	}
	assertNoPartials(t, restored)
	there := uuids(t, open(t, restored))
	if !slices.Contains(there, "before first") || len(there)%2 != 0 {
		t.Errorf("%d accounts are in the backup, want pairs, and what was written before", len(there))
	}
	for i := 0; i+1 < len(there); i += 2 {
		if strings.TrimSuffix(there[i], " first") != strings.TrimSuffix(there[i+1], " second") {
			t.Fatalf("half a transaction is in the backup: %q", there[i:i+2])
		}
	}
}

func assertNoPartials(t *testing.T, path string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*.partial*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left beside %s: %q, %v", path, left, err)
	}
}

// After a restore, the database does not reuse the ids of rows that were
// deleted before the backup.
func TestBackupHasTheSequences(t *testing.T) {
	storetest.NeedSQLite(t, "PostgreSQL has its own backups")
	path := storetest.Source(t)
	db := open(t, path)
	err := db.Write(t.Context(), func(tx *store.Tx) error { return tx.RaiseSequence(t.Context(), "accounts", 41) })
	if err != nil {
		t.Fatal(err)
	}
	to, restored := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "db")
	if err := store.Backup(t.Context(), path, to, false); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(t.Context(), to, restored, false); err != nil {
		t.Fatal(err)
	}
	err = open(t, restored).Write(t.Context(), func(tx *store.Tx) error {
		if id := addAccount(t, tx, "a"); id != 42 {
			t.Errorf("the next id is %d, want 42", id)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A backup overwrites an existing file only on request, and never the
// database itself.
func TestBackupDoesNotOverwrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db := open(t, path)
	if err := add(db, "a"); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "backup")
	if err := os.WriteFile(to, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := store.Backup(t.Context(), path, to, false); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file: %v, want %v", err, fs.ErrExist)
	}
	if text, err := os.ReadFile(to); err != nil || string(text) != "mine" {
		t.Errorf("the file became %q, %v", text, err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, itself := range []string{path, link} {
		if err := store.Backup(t.Context(), path, itself, true); err == nil || !strings.Contains(err.Error(), "is the database itself") {
			t.Errorf("over the database: %v", err)
		}
	}
	if err := store.Backup(t.Context(), path, filepath.Dir(to), true); err == nil {
		t.Error("a folder was written over")
	}
	if err := store.Backup(t.Context(), path+"x", to, true); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of no database: %v, want %v", err, fs.ErrNotExist)
	}
	if _, err := os.Stat(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a database was made: %v", err)
	}
	assertUUIDs(t, db, "a")
	if err := store.Backup(t.Context(), path, to, true); err != nil {
		t.Error(err)
	}
	assertUUIDs(t, open(t, to), "a")
}

// Some file systems, such as NFS, cannot rename a file without replacing
// another one, and return EINVAL. Old kernels return ENOSYS.
func TestBackupWithoutNoReplaceRenames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	if err := add(open(t, path), "a"); err != nil {
		t.Fatal(err)
	}
	for _, refusal := range []error{unix.EINVAL, unix.ENOSYS, unix.EOPNOTSUPP} {
		ctx := fault.With(t.Context(), func(point string) error {
			if point == "store.backup.rename" {
				return refusal
			}
			return nil
		})
		to := filepath.Join(t.TempDir(), "backup")
		if err := store.Backup(ctx, path, to, false); err != nil {
			t.Errorf("%v: %v", refusal, err)
			continue
		}
		if err := store.Backup(ctx, path, to, false); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%v, over a file: %v, want %v", refusal, err, fs.ErrExist)
		}
		assertNoPartials(t, to)
		assertUUIDs(t, open(t, to), "a")
	}
}

// A backup succeeds in a folder that does not support a flush, as in /proc.
// It fails in a folder that does not exist.
func TestSyncFolderIgnoresUnsupportedFlush(t *testing.T) {
	if err := store.SyncFolder("/proc"); err != nil {
		t.Error(err)
	}
	if err := store.SyncFolder(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want %v", err, fs.ErrNotExist)
	}
}

// A backup of a database that no process has open includes the content of its
// write-ahead log.
func TestBackupAfterACrashHasTheWriteAheadLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db := open(t, path)
	if err := add(db, "a"); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "backup")
	if err := store.Backup(context.Background(), copyOf(t, path), to, false); err != nil {
		t.Fatal(err)
	}
	assertUUIDs(t, open(t, to), "a")
}
