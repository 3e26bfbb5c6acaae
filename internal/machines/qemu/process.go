package qemu

import (
	"fmt"
	"os"

	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/proc"
)

// findProcess looks through the process table for the machine's QEMU: the
// process that works in the machine's folder and has its lock open. A relay
// works there too, but does not have the lock open.
func (m *machine) findProcess() (*proc.Process, error) {
	folder, err := os.Stat(m.dir)
	if err != nil {
		return nil, err
	}
	lock, err := os.Stat(m.path("lock"))
	if err != nil {
		return nil, err
	}
	for _, pid := range proc.In(folder) {
		p, err := proc.Open(pid)
		if err != nil {
			continue // it has ended meanwhile
		}
		if open, err := proc.HasOpen(pid, lock); err == nil && open {
			return p, nil
		}
		p.Close()
	}
	return nil, fmt.Errorf("no process with %s open was found", m.path("lock"))
}
