package qemu

import (
	"context"
	"errors"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/proc"
)

const quitLimit = 2 * time.Second // for a QEMU to end by itself before it is killed

// State asks the kernel about the process if the engine monitors one. Otherwise
// the machine runs if its lock file is locked.
func (e *Engine) State(ctx context.Context, id int64) (compute.State, error) {
	if err := ctx.Err(); err != nil {
		return "", context.Cause(ctx)
	}
	m := e.known(id)
	if v := m.monitored(); v != nil && !v.process.HasEnded() {
		return compute.Running, nil
	}
	exists, err := m.exists()
	if err != nil || !exists {
		return compute.Absent, failed("query", id, err)
	}
	alive, err := m.isLocked()
	switch {
	case err != nil:
		return "", failed("query", id, err)
	case alive:
		return compute.Running, nil
	default:
		return compute.Stopped, nil
	}
}

// Wait returns when no QEMU of the machine lives.
func (e *Engine) Wait(ctx context.Context, id int64) error {
	for {
		v, err := e.living(ctx, id)
		if err != nil {
			return failed("wait for", id, err)
		}
		if v == nil {
			return nil
		}
		select {
		case <-v.gone:
		case <-ctx.Done():
			return failed("wait for", id, context.Cause(ctx))
		}
	}
}

// living returns the machine's QEMU, or nil if there is none.
func (e *Engine) living(ctx context.Context, id int64) (*vm, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	m, release, err := e.acquire(ctx, id)
	if err != nil {
		return nil, err
	}
	defer release()
	return e.runningVM(ctx, m)
}

// runningVM is living for a caller that has locked the machine.
func (e *Engine) runningVM(ctx context.Context, m *machine) (*vm, error) {
	return e.findVM(ctx, m, func() *proc.Process { return e.find(m.id) })
}

// findVM returns the machine's QEMU, or nil if there is none. It first uses the
// process that the engine monitors, then the machine's lock, and then find, which
// searches the process table: the lock file may have been removed while QEMU
// runs.
func (e *Engine) findVM(ctx context.Context, m *machine, find func() *proc.Process) (*vm, error) {
	if v := m.monitored(); v != nil {
		return v, nil
	}
	alive, err := m.isLocked()
	if err != nil {
		return nil, err
	}
	search := m.search
	if !alive {
		p := find()
		if p == nil {
			return nil, nil
		}
		search = func(context.Context, func() *proc.Process) (*proc.Process, error) { return p, nil }
	}
	v, err := e.adopt(ctx, m, func() (*proc.Process, error) { return search(ctx, find) })
	if errors.Is(err, compute.ErrNotRunning) {
		return nil, nil
	}
	return v, err
}

// Stop ends QEMU: it is asked to quit, which lets it finish its writes, and
// killed if it does not.
func (e *Engine) Stop(ctx context.Context, id int64) error {
	m, release, err := e.acquire(ctx, id)
	if err != nil {
		return failed("stop", id, err)
	}
	defer release()
	return failed("stop", id, e.stop(ctx, m))
}

func (e *Engine) stop(ctx context.Context, m *machine) error {
	v, err := e.runningVM(ctx, m)
	if err != nil {
		return err
	}
	if v == nil {
		return m.awaitMonitor(ctx)
	}
	if err := fault.At(ctx, "qemu.stop.quit"); err != nil {
		return err
	}
	v.asked.Store(true)
	err = e.end(ctx, v)
	if err != nil {
		v.asked.Store(false) // it may live on, and end for other reasons
	}
	return err
}

// end returns when QEMU has ended.
func (e *Engine) end(ctx context.Context, v *vm) error {
	limited, cancel := context.WithTimeout(ctx, quitLimit)
	defer cancel()
	if conn, err := v.connection(limited); err == nil {
		// The answer to quit may be lost in QEMU's end, which is what counts.
		_ = conn.Execute(limited, "quit", nil, nil)
	}
	select {
	case <-v.gone:
		return nil
	case <-limited.Done():
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := fault.At(ctx, "qemu.stop.kill"); err != nil {
		return err
	}
	if err := v.process.Kill(); err != nil {
		return err
	}
	select {
	case <-v.gone:
		return nil
	case <-time.After(proc.KillLimit):
		return v.process.NotEnded()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
