package storetest

import (
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// A server that can't start is reported with its own words, at once, and leaves
// nothing.
func TestAServerThatCannotStart(t *testing.T) {
	needPrograms(t)
	s := &server{settings: []string{"-c", "no_such_setting=1"}}
	err := s.start()
	if err == nil || !strings.Contains(err.Error(), `"no_such_setting"`) {
		t.Errorf("it said: %v", err)
	}
	if s.dir != "" || s.process != nil {
		t.Errorf("left: folder %q, process %v", s.dir, s.process)
	}
}

// Processes with the same shared server use one template, and no process stops
// the server or takes another's database.
func TestASharedServer(t *testing.T) {
	needPrograms(t)
	folder, stop, err := Serve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(folder); !os.IsNotExist(err) {
			t.Errorf("the folder of a stopped server: %v", err)
		}
	})
	t.Setenv(SharedServer, folder)
	var one, other databases
	for _, d := range []*databases{&one, &other} {
		d.serial = len(one.urls) // as they would have the same names otherwise: here they have one process id
		url, created, err := d.database(t.TempDir(), template)
		if err != nil || !created {
			t.Fatalf("created %v, %v", created, err)
		}
		if n := accounts(t, url); n != 0 {
			t.Errorf("%d accounts in a new database", n)
		}
	}
	if err := one.stop(); err != nil {
		t.Error(err)
	}
	for dir, url := range other.urls {
		accounts(t, url)
		if again, created, err := other.database(dir, template); again != url || created || err != nil {
			t.Errorf("the folder's database is now %s (created %v), %v", again, created, err)
		}
		if err := other.drop(dir); err != nil {
			t.Error(err)
		}
	}
	if err := other.stop(); err != nil {
		t.Error(err)
	}
}

func accounts(t *testing.T, url string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM accounts`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Each test's database has the tables and is a file of its own.
func TestSQLiteTemplate(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/rockpool.db"
	if err := copySQLite(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	if err := os.WriteFile(path, []byte("changed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := copySQLite(path); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "changed" {
		t.Errorf("a database that was there became %d bytes, %v", len(content), err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("in the folder: %v, %v", entries, err)
	}
}
