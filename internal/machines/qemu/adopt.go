package qemu

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/proc"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/socket"
)

// adopt starts to monitor the QEMU process that search finds. It does not wait
// for an answer of QEMU. The error is compute.ErrNotRunning if the process has
// ended meanwhile.
func (e *Engine) adopt(ctx context.Context, m *machine, search func() (*proc.Process, error)) (*vm, error) {
	if err := fault.At(ctx, "qemu.adopt.connect"); err != nil {
		return nil, err
	}
	p, err := search()
	if err != nil {
		return nil, err
	}
	v := newVM(p)
	e.watch(m, v, nil)
	return v, nil
}

// search finds the QEMU process that has the machine's lock. While a process
// ends, the kernel shows none of its open files, but its lock stays until its
// last thread is gone. So search tries again until the lock is free.
func (m *machine) search(ctx context.Context, find func() *proc.Process) (*proc.Process, error) {
	for tries := 0; ; tries++ {
		if p := m.listener(ctx); p != nil {
			return p, nil
		}
		if p := find(); p != nil {
			return p, nil
		}
		p, err := m.findProcess()
		if err == nil {
			return p, nil
		}
		if alive, lockErr := m.isLocked(); lockErr == nil && !alive {
			return nil, compute.ErrNotRunning
		}
		if tries == maxSearches {
			return nil, fmt.Errorf("find the QEMU that runs: %w", err)
		}
		select {
		case <-time.After(searchInterval):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// How often, and how long, search tries.
const (
	maxSearches    = 200
	searchInterval = 10 * time.Millisecond
)

// listener returns the process that listens on qmp.sock if that is certainly the
// machine's QEMU, and nil otherwise. It is much faster than a search of the
// process table. It can't be trusted alone: until QEMU itself listens, the kernel
// names the engine's process that made the socket, and that pid may have passed
// to another process.
func (m *machine) listener(ctx context.Context) *proc.Process {
	conn, err := socket.Dial(ctx, m.dir, "qmp.sock")
	if err != nil {
		return nil
	}
	defer conn.Close()
	pid, err := socket.ListenerPID(conn)
	if err != nil || pid == 0 || pid == os.Getpid() {
		return nil
	}
	p, err := proc.Open(pid)
	if err != nil {
		return nil
	}
	if !m.isQEMU(pid) {
		p.Close()
		return nil
	}
	return p
}

// isQEMU reports whether the process has the machine's lock file open. Where the
// open files of other users' processes can't be read, as by a container's root,
// it reports whether the file is locked at all.
func (m *machine) isQEMU(pid int) bool {
	lock, err := os.Stat(m.path("lock"))
	if err != nil {
		return false
	}
	open, err := proc.HasOpen(pid, lock)
	if errors.Is(err, fs.ErrPermission) {
		alive, err := m.isLocked()
		return err == nil && alive
	}
	return err == nil && open
}
