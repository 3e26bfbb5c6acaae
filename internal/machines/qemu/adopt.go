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

// adopt monitors the machine's QEMU that search finds. It does not wait for
// QEMU to answer. The error is compute.ErrNotRunning if QEMU has ended
// meanwhile.
func (e *Engine) adopt(ctx context.Context, m *machine, search func() (*proc.Process, error)) (*vm, error) {
	if err := fault.At(ctx, "qemu.adopt.connect"); err != nil {
		return nil, err
	}
	p, err := search()
	if err != nil {
		return nil, err
	}
	v := newVM(p)
	e.keep(m, v, nil)
	return v, nil
}

// search finds the QEMU that holds the machine's lock. One that is ending may
// show no open file any more and hold the lock still, until its last thread is
// gone; so what is not found at once is looked for again.
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
		if held, lockErr := m.held(); lockErr == nil && !held {
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

// How long a QEMU is looked for whose lock is held.
const (
	maxSearches    = 200
	searchInterval = 10 * time.Millisecond
)

// listener opens the process that listens on qmp.sock, if that is the machine's
// QEMU for sure; else it returns nil. That is much faster than a search, but
// the pid is of the engine's process that made the socket, or of whatever has
// got its pid since, until QEMU has come to listen itself.
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

// isQEMU tells whether a process that is said to listen on qmp.sock has the
// machine's lock open. Where that can't be seen (a container's root may not
// look into other users' processes) the lock's being held must do.
func (m *machine) isQEMU(pid int) bool {
	lock, err := os.Stat(m.path("lock"))
	if err != nil {
		return false
	}
	open, err := proc.HasOpen(pid, lock)
	if errors.Is(err, fs.ErrPermission) {
		held, err := m.held()
		return err == nil && held
	}
	return err == nil && open
}
