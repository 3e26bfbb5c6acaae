package store_test

import (
	"bufio"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

// servingPath is an environment variable with the path of a database. It
// makes TestOtherProgramsDoNotRemoveTheWriteAheadLog the process that writes
// the database.
const servingPath = "ROCKPOOL_STORE_SERVING"

// Another program may open and close the database without damage to the
// process that writes it. SQLite before 3.51 relies on the locks alone, and
// removes the write-ahead log if it finds none.
func TestOtherProgramsDoNotRemoveTheWriteAheadLog(t *testing.T) {
	if path := os.Getenv(servingPath); path != "" {
		serveUntilKilled(t, path)
		return
	}
	storetest.NeedSQLite(t, "it is about its locks")
	t.Run("by this SQLite", func(t *testing.T) { lookAtServing(t, look) })
	t.Run("by the system's", func(t *testing.T) {
		program := needs.Program(t, "sqlite3", "sqlite3")
		lookAtServing(t, func(t *testing.T, path string) {
			if out, err := exec.Command(program, path, `SELECT count(*) FROM accounts`).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		})
	})
}

// lookAtServing opens a database between the writes of another process, kills
// that process, and checks that all its writes are in the database.
func lookAtServing(t *testing.T, look func(t *testing.T, path string)) {
	path := filepath.Join(t.TempDir(), "db")
	command := exec.Command(os.Args[0], "-test.run=^TestOtherProgramsDoNotRemoveTheWriteAheadLog$")
	command.Env = append(os.Environ(), servingPath+"="+path)
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(output)
	var want []string
	for i := range 3 {
		if !said.Scan() {
			t.Fatalf("the process ended before write %d: %v", i, command.Wait())
		}
		want = append(want, said.Text())
		if holder := lockHolder(t, path); holder != command.Process.Pid {
			t.Errorf("after write %d the lock is held by process %d, want %d", i, holder, command.Process.Pid)
		}
		look(t, path)
		if _, err := os.Stat(path + "-wal"); err != nil {
			t.Errorf("a look after write %d removed the write-ahead log: %v", i, err)
		}
		if _, err := fmt.Fprintln(input, "go on"); err != nil {
			t.Fatal(err)
		}
	}
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err == nil {
		t.Error("the process ended by itself")
	}
	there := uuids(t, open(t, path))
	for _, uuid := range want {
		if !slices.Contains(there, uuid) {
			t.Errorf("%s was written and is gone; there are %q", uuid, there)
		}
	}
}

// serveUntilKilled writes a row for each line that it reads. Between the
// writes it opens and closes the database again, in every way that this
// package has.
func serveUntilKilled(t *testing.T, path string) {
	db := open(t, path)
	input := bufio.NewReader(os.Stdin)
	again := [][]store.Option{nil, {store.AsItIs()}}
	for i := 0; ; i++ {
		uuid := fmt.Sprint("account ", i)
		if err := add(db, uuid); err != nil {
			t.Fatal(err)
		}
		if n := countAccounts(t, db); n != i+1 {
			t.Fatalf("%d accounts, want %d", n, i+1)
		}
		fmt.Println(uuid)
		if _, err := input.ReadString('\n'); err == io.EOF {
			return
		}
		other, err := store.Open(t.Context(), path, again[i%len(again)]...)
		if err != nil {
			t.Fatal(err)
		}
		if err := other.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// lockHolder returns the process that has the shared lock of SQLite on a
// database; 0 if there is none.
func lockHolder(t *testing.T, path string) int {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	// Of SQLite's file format, section 2.3.1 of its locking protocol: 510 bytes
	// from the third after the first gigabyte.
	lock := unix.Flock_t{Type: unix.F_WRLCK, Start: 1<<30 + 2, Len: 510}
	if err := unix.FcntlFlock(file.Fd(), unix.F_GETLK, &lock); err != nil {
		t.Fatal(err)
	}
	if lock.Type == unix.F_UNLCK {
		return 0
	}
	return int(lock.Pid)
}

// look opens a database, reads from it and closes it, as another program may.
func look(t *testing.T, path string) {
	t.Helper()
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	var n int
	if err := other.QueryRow(`SELECT count(*) FROM accounts`).Scan(&n); err != nil {
		t.Fatal(err)
	}
}
