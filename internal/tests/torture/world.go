package torture

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/diskimage/imagetest"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu"
	simulatedengine "github.com/rockpool-cloud/rockpool/internal/machines/simulated"
	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

// species is what a cloud is made of, and how much its clients ask of it.
type species struct {
	name      string
	engine    compute.Traits
	postgres  bool
	clients   int
	droplets  int           // of each client at a time
	pause     time.Duration // between the turns of a client
	strides   int           // most acknowledged requests from one attack to the next
	patience  time.Duration // most time for those
	settling  time.Duration // most time for all actions to end
	diskBytes int64         // of the data folder, where it may fill up
	long      bool          // left out where there is little time
}

var allSpecies = []species{simulated("sqlite", false), simulated("postgres", true), micro("sqlite", false), micro("postgres", true)}

func simulated(database string, postgres bool) species {
	return species{
		name: "simulated-" + database, engine: simulatedengine.Traits, postgres: postgres,
		clients: 4, droplets: 30, pause: 2 * time.Millisecond,
		strides: 40, patience: 3 * time.Second, settling: 60 * time.Second, diskBytes: 48 << 20,
	}
}

func micro(database string, postgres bool) species {
	return species{
		name: "micro-" + database, engine: qemu.Traits, postgres: postgres, long: postgres,
		clients: 2, droplets: 2, pause: 150 * time.Millisecond,
		strides: 4, patience: 6 * time.Second, settling: 2 * time.Minute, diskBytes: 192 << 20,
	}
}

func (s species) simulated() bool { return !s.engine.Real }

// folder of the machines, below the data.
func (s species) folder() string {
	if s.simulated() {
		return s.engine.Name
	}
	return "droplets"
}

// world is one cloud under attack.
type world struct {
	*rockpooltest.Server
	tb       testing.TB
	kind     species
	postgres *storetest.Own // nil: SQLite
	disk     *disk          // nil: it can't fill up
	progress *progress
	excuses  excuses
	strikes  map[string]int // by what was struck
}

// newWorld starts a cloud. What this machine lacks for it skips the test.
func newWorld(tb testing.TB, s species) *world {
	tb.Helper()
	flags := []string{"--compute", s.engine.Name, "--droplet-limit", "100000", "--memory-budget", "none", "--disk-budget", "none"}
	w := &world{tb: tb, kind: s, progress: &progress{}, strikes: map[string]int{}, excuses: excuses{disturbed: map[int]bool{}}}
	var image string
	if s.simulated() {
		flags = append(flags, "--addresses", "127.0.0.0/8") // no port of theirs is bound
	} else {
		needs.Program(tb, "qemu-system-x86_64", "qemu-system-x86")
		needs.Program(tb, "qemu-img", "qemu-utils")
		needs.Time(tb)
		image = imagetest.Micro(tb)
		w.excuses.deaf = true // one that boots still does not hear it
	}
	if s.postgres {
		w.postgres = storetest.StartOwn(tb)
		flags = append(flags, "--database", w.postgres.URL())
	}
	data := filepath.Join(tb.TempDir(), "data")
	w.disk = newDisk(tb, data, s.diskBytes)
	w.Server = rockpooltest.NewIn(tb, data, flags...)
	w.Env = []string{"ROCKPOOL_DISK_RESERVE=8", "ROCKPOOL_LEAST_FREE=4"} // MiB: the disk is small
	if image != "" {
		w.PlaceImage("micro", image)
	}
	w.endOnInterrupt()
	w.Start()
	return w
}

func (w *world) databaseFile() string { return filepath.Join(w.Data, "rockpool.db") }

// acknowledged waits until n more requests have been acknowledged. It stops
// after a time limit, because a cloud that is down acknowledges nothing.
func (w *world) acknowledged(n int) {
	select {
	case <-w.progress.more(n):
	case <-time.After(w.kind.patience):
	}
}

// poll calls done until it returns nil, and returns its last error when the
// time is up.
func (w *world) poll(limit time.Duration, done func() error) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(limit); ; <-tick.C {
		err := done()
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}

// settle waits until all actions have ended. The judge finds actions that
// have not.
func (w *world) settle() {
	if err := w.poll(w.kind.settling, w.Idle); err != nil {
		w.tb.Logf("waited %v for all actions to end: %v", w.kind.settling, err)
	}
}

// struck counts a strike.
func (w *world) struck(what string) { w.strikes[what]++ }

// disturb notes that a machine may have another state than its last action says.
func (w *world) disturb(machine int) {
	w.excuses.disturbed[machine] = true
	w.excuses.failures = true
}

// disk is a small file system of its own.
type disk struct{ ballast string }

// fill takes all space there is.
func (d *disk) fill() error {
	file, err := os.OpenFile(d.ballast, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	for size := 1 << 20; size > 0; {
		if _, err = file.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	if !isFull(err) {
		return fmt.Errorf("fill the disk: %w", err)
	}
	return nil
}

// free gives the space back.
func (d *disk) free() error {
	err := os.Remove(d.ballast)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
