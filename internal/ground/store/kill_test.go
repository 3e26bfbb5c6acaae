package store_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// killedPath is an environment variable with the path of a database. It makes
// TestKillLosesNoCommittedWrite the process that is killed.
const killedPath = "ROCKPOOL_STORE_KILLED"

// After a kill during many writes, the database contains every write that was
// acknowledged, and no part of another.
func TestKillLosesNoCommittedWrite(t *testing.T) {
	if path := os.Getenv(killedPath); path != "" {
		writeUntilKilled(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "db")
	command := exec.Command(os.Args[0], "-test.run=^TestKillLosesNoCommittedWrite$")
	command.Env = append(os.Environ(), killedPath+"="+path)
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var said []string
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if said = append(said, lines.Text()); len(said) == 300 {
			if err := command.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := command.Wait(); err == nil || len(said) < 300 {
		t.Fatalf("the process was not killed; it said %q", said)
	}
	there := uuids(t, open(t, path))
	for _, name := range said {
		if !slices.Contains(there, name+" first") {
			t.Errorf("%s is said to be written and is not there", name)
		}
	}
	for i := 0; i < len(there); i += 2 {
		if name := there[i][:len(there[i])-len(" first")]; i+1 == len(there) || there[i] != name+" first" || there[i+1] != name+" second" {
			t.Fatalf("%q is there by half: next is %q", name, there[i:min(i+2, len(there))])
		}
	}
}

// writeUntilKilled writes pairs of rows, and prints what it has written.
func writeUntilKilled(t *testing.T, path string) {
	db := open(t, path)
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("%d.%d", worker, i)
				err := add(db, name+" first", func(tx *store.Tx) error {
					if i%5 == 4 {
						return errRefused
					}
					return addRow(tx, name+" second")
				})
				if err == nil {
					fmt.Println(name)
				} else if i%5 != 4 {
					panic(err)
				}
			}
		})
	}
	wg.Wait()
}
