package torture

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

var (
	long  = flag.Duration("torture", 0, "how long TestTorture goes on; 0 is one short round of each world")
	seed  = flag.Uint64("seed", 0, "seed of the first round; 0 takes the clock's")
	where = flag.String("world", "", "torture only worlds whose names have this in them")
)

func TestMain(m *testing.M) {
	if status, done := looked(); done {
		os.Exit(status)
	}
	if status, done := privateMounts(); done {
		os.Exit(status)
	}
	os.Exit(rockpooltest.Main(m))
}

// TestTorture runs rounds in all worlds until the time is up. It completes a
// round that has begun.
func TestTorture(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	total, end := tally{}, time.Now().Add(*long)
	for n := uint64(0); n == 0 || time.Now().Before(end); n++ {
		for _, s := range allSpecies {
			if !wanted(s) || n > 0 && time.Now().After(end) {
				continue
			}
			number := *seed + n
			t.Run(fmt.Sprintf("%s-%d", s.name, number), func(t *testing.T) {
				t.Cleanup(func() {
					if t.Failed() {
						t.Logf("to try that again: make torture TORTURE=0s WORLD=%s SEED=%d", s.name, number)
					}
				})
				round(t, s, number, &total)
			})
		}
	}
	t.Logf("from seed %d on\n%s", *seed, total)
	if total.acknowledged < 10*total.rounds {
		t.Error("too little was done to say anything")
	}
}

func wanted(s species) bool {
	if *where == "" {
		return !s.long || *long > 0
	}
	return strings.Contains(s.name, *where)
}

// TestDiskCanFill is skipped where the disk cannot fill up, so that the
// output of the tests shows it.
func TestDiskCanFill(t *testing.T) {
	if os.Getenv(mountsEnv) == "" {
		needs.Skip(t, "root, with the right to mount: the torture has no disk that fills up")
	}
	d := newDisk(t, t.TempDir(), 1<<20)
	if d == nil {
		t.Fatal("there is no disk")
	}
	if err := d.fill(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.ballast+"2", make([]byte, 8<<10), 0o600); !isFull(err) {
		t.Errorf("the disk is not full: %v", err)
	}
	if err := d.free(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.ballast+"2", make([]byte, 8<<10), 0o600); err != nil {
		t.Errorf("the disk is not free: %v", err)
	}
}

// TestSQLiteShell is skipped where the program sqlite3 is missing, so that
// the output of the tests shows which attacks are left out.
func TestSQLiteShell(t *testing.T) { needs.Program(t, "sqlite3", "sqlite3") }
