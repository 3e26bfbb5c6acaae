package simulated

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// Create needs no image: nothing boots from it.
func (e *Engine) Create(ctx context.Context, spec compute.Spec) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return failed("create", spec.ID, err)
	}
	if _, ok := e.machines[spec.ID]; ok {
		return nil
	}
	if err := spec.Check(); err != nil {
		return failed("create", spec.ID, err)
	}
	if err := fault.At(ctx, "simulated.create"); err != nil {
		return failed("create", spec.ID, err)
	}
	m := newMachine(record{Version: recordVersion, Spec: spec.Clone(), LeastGB: make([]int, len(spec.Disks))})
	if err := e.save(m.record); err != nil {
		return failed("create", spec.ID, err)
	}
	e.machines[spec.ID] = m
	return nil
}

// Start takes no time.
func (e *Engine) Start(ctx context.Context, id int64) error {
	return e.with(ctx, "start", id, func(m *machine) error {
		if m.record.Running {
			return nil
		}
		if err := fault.At(ctx, "simulated.start"); err != nil {
			return err
		}
		return e.boot(m)
	})
}

// Change writes the spec. There is no guest to be affected.
func (e *Engine) Change(ctx context.Context, spec compute.Spec) error {
	return e.with(ctx, "change", spec.ID, func(m *machine) error {
		if err := compute.CheckChange(m.record.Spec, spec, m.record.LeastGB); err != nil {
			return err
		}
		next := m.record
		next.Spec = m.record.Spec.With(spec)
		if next.Spec.Equal(m.record.Spec) {
			return nil
		}
		if m.record.Running && m.record.Spec.NeedsStop(next.Spec) {
			return compute.ErrRunning
		}
		if err := fault.At(ctx, "simulated.change"); err != nil {
			return err
		}
		if err := e.save(next); err != nil {
			return err
		}
		m.record = next
		return nil
	})
}

// Shutdown is obeyed before it returns, unless the guests ignore it.
func (e *Engine) Shutdown(ctx context.Context, id int64) error {
	return e.with(ctx, "shut down", id, func(m *machine) error {
		if !m.record.Running {
			return compute.ErrNotRunning
		}
		if err := fault.At(ctx, "simulated.shutdown"); err != nil || e.deaf {
			return err
		}
		if err := e.halt(m); err != nil {
			return err
		}
		e.report(compute.Event{ID: id, Reason: "the guest powered off", ByGuest: true})
		return nil
	})
}

// Stop ends a machine. For an unknown id it does nothing.
func (e *Engine) Stop(ctx context.Context, id int64) error {
	err := e.with(ctx, "stop", id, func(m *machine) error {
		if !m.record.Running {
			return nil
		}
		if err := fault.At(ctx, "simulated.stop"); err != nil {
			return err
		}
		return e.halt(m)
	})
	if errors.Is(err, compute.ErrNotFound) {
		return nil
	}
	return err
}

// Reset adds a boot.
func (e *Engine) Reset(ctx context.Context, id int64) error {
	return e.with(ctx, "reset", id, func(m *machine) error {
		if !m.record.Running {
			return compute.ErrNotRunning
		}
		if err := fault.At(ctx, "simulated.reset"); err != nil {
			return err
		}
		return e.boot(m)
	})
}

// Destroy removes the machine's file.
func (e *Engine) Destroy(ctx context.Context, id int64) error {
	err := e.with(ctx, "destroy", id, func(m *machine) error {
		if err := fault.At(ctx, "simulated.destroy"); err != nil {
			return err
		}
		if err := os.Remove(e.path(id)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		delete(e.machines, id)
		m.setRunning(false)
		return nil
	})
	if errors.Is(err, compute.ErrNotFound) {
		return nil
	}
	return err
}

// with calls do with a machine that must be there, with e.mu locked.
func (e *Engine) with(ctx context.Context, call string, id int64, do func(*machine) error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return failed(call, id, err)
	}
	m, ok := e.machines[id]
	if !ok {
		return failed(call, id, compute.ErrNotFound)
	}
	return failed(call, id, do(m))
}

func (e *Engine) boot(m *machine) error {
	next := m.record
	next.Running, next.Host = true, e.host
	next.Boots = min(next.Boots+1, maxBoots)
	next.LeastGB = make([]int, len(next.Spec.Disks))
	for i, disk := range next.Spec.Disks {
		next.LeastGB[i] = disk.SizeGB
	}
	if err := e.save(next); err != nil {
		return err
	}
	m.record = next
	m.setRunning(true)
	return nil
}

func (e *Engine) halt(m *machine) error {
	next := m.record
	next.Running = false
	if err := e.save(next); err != nil {
		return err
	}
	m.record = next
	m.setRunning(false)
	return nil
}

// setRunning ends the calls of Wait, or lets later ones wait.
func (m *machine) setRunning(running bool) {
	select {
	case <-m.stopped:
		if running {
			m.stopped = make(chan struct{})
		}
	default:
		if !running {
			close(m.stopped)
		}
	}
}

func failed(call string, id int64, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s machine %d: %w", call, id, err)
}
