package store_test

import (
	"bufio"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// backupWith makes a backup of a database that has those accounts.
func backupWith(t *testing.T, uuids ...string) string {
	t.Helper()
	path, backup := filepath.Join(t.TempDir(), "db"), filepath.Join(t.TempDir(), "backup")
	db := open(t, path)
	for _, uuid := range uuids {
		if err := add(db, uuid); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Backup(t.Context(), path, backup, false); err != nil {
		t.Fatal(err)
	}
	return backup
}

// crashed returns a database in the state that a killed process leaves: the
// account is in the write-ahead log only.
func crashed(t *testing.T, uuid string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	db := open(t, path)
	if err := add(db, uuid); err != nil {
		t.Fatal(err)
	}
	return copyOf(t, path)
}

func TestRestoreKeepsTheReplacedDatabase(t *testing.T) {
	backup, path := backupWith(t, "old"), crashed(t, "new")
	if _, err := store.Restore(t.Context(), backup, path, false); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("over a database: %v, want %v", err, fs.ErrExist)
	}
	var kept []string
	for range 2 {
		name, err := store.Restore(t.Context(), backup, path, true)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, name)
		assertNoPartials(t, path)
	}
	assertUUIDs(t, open(t, path), "old")
	assertUUIDs(t, open(t, kept[0]), "new")
	assertUUIDs(t, open(t, kept[1]), "old")
}

// A restore does not use a write-ahead log that belonged to another database.
func TestRestoreBesideFilesOfAnotherDatabase(t *testing.T) {
	backup, path := backupWith(t, "old"), crashed(t, "new")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(t.Context(), backup, path, false); err != nil {
		t.Fatal(err)
	}
	assertUUIDs(t, open(t, path), "old")
}

// A restore does not replace a database that any process has open.
func TestRestoreIsRejectedWhileTheDatabaseIsOpen(t *testing.T) {
	backup, path := backupWith(t, "old"), filepath.Join(t.TempDir(), "db")
	db := open(t, path)
	if err := add(db, "new"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(t.Context(), backup, path, true); !errors.Is(err, store.ErrInUse) {
		t.Errorf("open here: %v, want %v", err, store.ErrInUse)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	t.Run("in another program", func(t *testing.T) {
		looker := exec.Command(needs.Program(t, "sqlite3", "sqlite3"), path)
		input, err := looker.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		output, err := looker.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := looker.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { input.Close(); looker.Wait() }()
		fmt.Fprintln(input, `SELECT uuid FROM accounts;`)
		if line, err := bufio.NewReader(output).ReadString('\n'); err != nil || line != "new\n" {
			t.Fatalf("sqlite3 read %q, %v", line, err)
		}
		_, err = store.Restore(t.Context(), backup, path, true)
		if want := fmt.Sprint("process ", looker.Process.Pid); !errors.Is(err, store.ErrInUse) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want one that names %s", err, want)
		}
	})
	assertUUIDs(t, open(t, path), "new")
}

// A file that is not a backup, is damaged, or has a later version leaves the
// database unchanged.
func TestRestoreRejectsInvalidBackups(t *testing.T) {
	path := crashed(t, "new")
	change := func(statement string) string {
		name := backupWith(t, "old")
		db, err := sql.Open("sqlite", name)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
		return name
	}
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	cut := backupWith(t, "old")
	if err := os.Truncate(cut, 40<<10); err != nil {
		t.Fatal(err)
	}
	for why, backup := range map[string]string{
		"no such file":          text + "x",
		"not a database":        text,
		"malformed":             cut,
		"not a backup":          change(`DROP TABLE goose_db_version`),
		"of a later Rockpool":   change(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`),
		"2nd reference to page": change(`PRAGMA writable_schema = ON; UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name = 'droplets_account') WHERE name = 'actions_account'`),
	} {
		if kept, err := store.Restore(t.Context(), backup, path, true); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %q, %v", why, kept, err)
		}
	}
	assertNoPartials(t, path)
	assertUUIDs(t, open(t, path), "new")
}

// restoredPath is an environment variable with the point of the kill, the
// backup, and the database. It makes TestRestoreKilled the process that is
// killed.
const restoredPath = "ROCKPOOL_STORE_RESTORED"

// Wherever a restore is killed, the database is the complete old one or the
// complete new one, and the next restore succeeds.
func TestRestoreKilled(t *testing.T) {
	if args := strings.Split(os.Getenv(restoredPath), "\n"); len(args) == 3 {
		kill := func(point string) error {
			if point == args[0] {
				return syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
			return nil
		}
		_, err := store.Restore(fault.With(t.Context(), kill), args[1], args[2], true)
		t.Fatalf("nobody was killed at %s: %v", args[0], err)
	}
	backup := backupWith(t, "old")
	for _, point := range []string{"check", "clear", "keep", "rename"} {
		path := crashed(t, "new")
		command := exec.Command(os.Args[0], "-test.run=^TestRestoreKilled$")
		command.Env = append(os.Environ(), restoredPath+"="+strings.Join([]string{"store.restore." + point, backup, path}, "\n"))
		if out, err := command.CombinedOutput(); command.ProcessState.ExitCode() != -1 {
			t.Errorf("%s: %v: %s", point, err, out)
		}
		db := open(t, path)
		assertUUIDs(t, db, "new")
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Restore(t.Context(), backup, path, true); err != nil {
			t.Errorf("after a kill at %s: %v", point, err)
		}
		assertNoPartials(t, path)
		if there := uuids(t, open(t, path)); !slices.Equal(there, []string{"old"}) {
			t.Errorf("after a kill at %s and another restore: %q", point, there)
		}
	}
}
