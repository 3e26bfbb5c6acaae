package qemu

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/qmp"
)

// Shutdown presses the power button.
func (e *Engine) Shutdown(ctx context.Context, id int64) error {
	m, release, err := e.acquire(ctx, id)
	if err != nil {
		return failed("shut down", id, err)
	}
	defer release()
	return failed("shut down", id, e.withGuest(ctx, m, func(_ *vm, conn *connection) error {
		if err := fault.At(ctx, "qemu.shutdown.powerdown"); err != nil {
			return err
		}
		return conn.Execute(ctx, "system_powerdown", nil, nil)
	}))
}

// errOutdated means that QEMU was started with another spec than the machine has.
var errOutdated = errors.New("the machine's spec has changed since it was started")

// Reset returns when QEMU has reset the guest. It replaces the QEMU process if
// that does not answer, because a reset button always works, or if it was started
// with another spec.
func (e *Engine) Reset(ctx context.Context, id int64) error {
	m, release, err := e.acquire(ctx, id)
	if err != nil {
		return failed("reset", id, err)
	}
	defer release()
	err = e.withGuest(ctx, m, func(v *vm, conn *connection) error {
		if r, err := m.record(); err == nil && !isUpToDate(v.process, r) {
			return errOutdated
		}
		return reset(ctx, v, conn)
	})
	if errors.Is(err, qmp.ErrSilent) || errors.Is(err, errOutdated) {
		e.config.Logger.Warn("QEMU is ended and started anew", "machine", id, "reason", err)
		err = e.replace(ctx, m)
	}
	return failed("reset", id, err)
}

func reset(ctx context.Context, v *vm, conn *connection) error {
	if err := fault.At(ctx, "qemu.reset.reset"); err != nil {
		return err
	}
	done := v.nextReset()
	if err := conn.Execute(ctx, "system_reset", nil, nil); err != nil {
		return err
	}
	select {
	case <-done:
		return ensureRunning(ctx, conn.Client)
	case <-conn.lost:
		return qmp.ErrClosed
	case <-time.After(qmp.Patience):
		return fmt.Errorf("%w: it has not reset its guest (%v)", qmp.ErrSilent, qmp.Patience)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// replace ends the machine's QEMU and starts another.
func (e *Engine) replace(ctx context.Context, m *machine) error {
	if err := m.mustExist(); err != nil {
		return err
	}
	if err := e.stop(ctx, m); err != nil {
		return err
	}
	return e.start(ctx, m)
}

// withGuest calls do with the QEMU of a machine that must run.
func (e *Engine) withGuest(ctx context.Context, m *machine, do func(*vm, *connection) error) error {
	v, err := e.runningVM(ctx, m)
	if err != nil {
		return err
	}
	if v == nil {
		if err := m.mustExist(); err != nil {
			return err
		}
		return compute.ErrNotRunning
	}
	conn, err := v.connection(ctx)
	if err != nil {
		return v.explain(err)
	}
	err = do(v, conn)
	if isEnd(err) && v.awaitEnd(ctx, conn) {
		return compute.ErrNotRunning
	}
	return v.explain(err)
}
