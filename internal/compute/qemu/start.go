package qemu

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/compute/qemu/qmp"
	"github.com/rockpool-cloud/rockpool/internal/fault"
)

// answerLimit is for a new QEMU's first answer, on a busy host.
const answerLimit = 30 * time.Second

// Start launches the machine's QEMU, or connects to it if it runs already.
func (e *Engine) Start(ctx context.Context, id int64) error {
	m, release, err := e.acquire(ctx, id)
	if err != nil {
		return failed("start", id, err)
	}
	defer release()
	return failed("start", id, e.start(ctx, m))
}

func (e *Engine) start(ctx context.Context, m *machine) error {
	if err := m.mustExist(); err != nil {
		return err
	}
	if err := e.serveMetadata(ctx, m); err != nil {
		return err
	}
	held, err := m.held()
	if err != nil {
		return err
	}
	if held {
		v, err := e.adopt(ctx, m)
		if err != nil {
			return err
		}
		return v.ensureRunning(ctx)
	}
	if err := m.settled(ctx); err != nil {
		return err
	}
	return e.launch(ctx, m)
}

// settled returns when the monitor is done with a QEMU that has ended.
func (m *machine) settled(ctx context.Context) error {
	v := m.connected()
	if v == nil {
		return nil
	}
	select {
	case <-v.gone:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// launch starts a QEMU. A failure leaves none running, unless the context
// ended: then the next call finds it.
func (e *Engine) launch(ctx context.Context, m *machine) error {
	cmd, err := e.command(ctx, m)
	if err != nil {
		return err
	}
	conn, p, err := m.spawn(ctx, cmd)
	if err != nil {
		return err
	}
	v, err := e.greet(ctx, conn, p)
	if err == nil {
		e.keep(m, v)
		return nil
	}
	defer p.close()
	if errors.Is(err, fault.ErrCrash) || ctx.Err() != nil {
		return err
	}
	// Once it has ended, what it held (an address) can't be taken for another's.
	ended := m.end(p)
	return errors.Join(m.startFailure(err), ended)
}

// command is QEMU's, but for the files that it inherits.
func (e *Engine) command(ctx context.Context, m *machine) (*exec.Cmd, error) {
	spec, err := m.spec()
	if err != nil {
		return nil, err
	}
	binary, _, err := e.config.installed()
	if err != nil {
		return nil, err
	}
	accelerator, err := e.accelerator.wait(ctx)
	if err != nil {
		return nil, fmt.Errorf("choose an accelerator: %w", err)
	}
	relay, err := e.relay.wait(ctx)
	if err != nil {
		return nil, err
	}
	if relay, err = filepath.Rel(m.dir, relay); err != nil {
		return nil, err
	}
	args, err := arguments(spec, accelerator.Accelerator, relay)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(binary, args...)
	cmd.Env = []string{"LC_ALL=C"}
	cmd.SysProcAttr, err = e.processAttributes(m.id, accelerator.Accelerator)
	return cmd, err
}

// greet waits for QEMU's first answers.
func (e *Engine) greet(ctx context.Context, conn net.Conn, p *process) (*vm, error) {
	if err := fault.At(ctx, "qemu.start.greet"); err != nil {
		conn.Close()
		return nil, err
	}
	limited, cancel := context.WithTimeoutCause(ctx, answerLimit, fmt.Errorf("no answer within %v", answerLimit))
	defer cancel()
	client, err := qmp.New(limited, conn)
	if err != nil {
		return nil, err
	}
	v := newVM(client, p)
	if err := v.ensureRunning(limited); err != nil {
		client.Close()
		return nil, err
	}
	return v, nil
}

// ensureRunning lets a guest run that was paused.
func (v *vm) ensureRunning(ctx context.Context) error {
	var status struct {
		Running bool `json:"running"`
	}
	if err := v.qmp.Execute(ctx, "query-status", nil, &status); err != nil {
		return err
	}
	if status.Running {
		return nil
	}
	if err := fault.At(ctx, "qemu.start.continue"); err != nil {
		return err
	}
	return v.qmp.Execute(ctx, "cont", nil, nil)
}
