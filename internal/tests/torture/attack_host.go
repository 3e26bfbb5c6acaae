package torture

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// restartHost kills all processes that a restart of the host would end, and starts
// the program. If this process has a mount namespace of its own, the kernel's
// boot id changes too. Machines that ran must then run again.
var restartHost = Attack{
	Name: "restart the host",
	Strike: func(w *world, dice *rand.Rand) {
		w.struck("hosts restarted")
		w.Kill()
		anew := w.bootAnew(dice)
		for _, p := range w.MachineProcesses() {
			if id, err := strconv.Atoi(p.Folder); err == nil && !anew {
				w.excuses.disturbed[id] = true
			}
			w.signal(p.PID, unix.SIGKILL)
		}
		w.excuses.failures = true // of actions that had a QEMU to talk to
		w.excuses.resumed++
		if w.postgres != nil {
			w.endPostgres()
			w.beginPostgres()
		}
		w.Start()
	},
}

// bootID has a new content after each boot of a host (random(4)).
const bootID = "/proc/sys/kernel/random/boot_id"

// bootAnew mounts a file with another boot id over the kernel's, for this process
// and its children. It reports whether that worked.
func (w *world) bootAnew(dice *rand.Rand) bool {
	if os.Getenv(mountsEnv) == "" {
		return false
	}
	path := filepath.Join(w.tb.TempDir(), "boot_id")
	text := fmt.Sprintf("%08x-0000-4000-8000-%012x\n", dice.Uint32(), dice.Uint64()>>16)
	if err := os.WriteFile(path, []byte(text), 0o444); err != nil {
		w.tb.Fatal(err)
	}
	if err := unix.Mount(path, bootID, "", unix.MS_BIND, ""); err != nil {
		w.tb.Logf("the host's boot can't be told from the last: %v", err)
		return false
	}
	w.tb.Cleanup(func() {
		if err := unix.Unmount(bootID, unix.MNT_DETACH); err != nil {
			w.tb.Errorf("unmount %s: %v", bootID, err)
		}
	})
	return true
}
