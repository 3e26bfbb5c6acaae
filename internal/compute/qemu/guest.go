package qemu

import (
	"context"

	"github.com/rockpool-cloud/rockpool/internal/compute"
	"github.com/rockpool-cloud/rockpool/internal/compute/qemu/qmp"
	"github.com/rockpool-cloud/rockpool/internal/fault"
)

// Shutdown presses the power button.
func (e *Engine) Shutdown(ctx context.Context, id int64) error {
	return failed("shut down", id, e.withGuest(ctx, id, func(_ *vm, conn *connection) error {
		if err := fault.At(ctx, "qemu.shutdown.powerdown"); err != nil {
			return err
		}
		return conn.Execute(ctx, "system_powerdown", nil, nil)
	}))
}

// Reset returns when QEMU has reset the guest.
func (e *Engine) Reset(ctx context.Context, id int64) error {
	return failed("reset", id, e.withGuest(ctx, id, func(v *vm, conn *connection) error {
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
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}))
}

// withGuest does something to a machine that must run.
func (e *Engine) withGuest(ctx context.Context, id int64, do func(*vm, *connection) error) error {
	m, release, err := e.acquire(ctx, id)
	if err != nil {
		return err
	}
	defer release()
	if err := m.mustExist(); err != nil {
		return err
	}
	v, err := e.runningVM(ctx, m)
	if err != nil {
		return err
	}
	if v == nil {
		return compute.ErrNotRunning
	}
	conn, err := v.connection(ctx)
	if err != nil {
		return err
	}
	err = do(v, conn)
	if isEnd(err) && v.awaitEnd(ctx, conn) {
		return compute.ErrNotRunning
	}
	return err
}
