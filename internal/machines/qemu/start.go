package qemu

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/helper"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/proc"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/qmp"
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

// start returns when there is a QEMU that answers. The QEMU that it finds may be
// about to end, so it repeats the search.
func (e *Engine) start(ctx context.Context, m *machine) error {
	if err := m.mustExist(); err != nil {
		return err
	}
	if err := e.serveMetadata(ctx, m); err != nil {
		return err
	}
	for {
		v, err := e.runningVM(ctx, m)
		if err != nil {
			return err
		}
		if v == nil {
			break
		}
		conn, err := v.connection(ctx)
		if err == nil {
			err = ensureRunning(ctx, conn.Client)
		}
		if isEnd(err) {
			v.awaitEnd(ctx, conn)
			err = ctx.Err()
		} else if err == nil {
			return nil
		}
		if err != nil && !errors.Is(err, compute.ErrNotRunning) {
			return v.explain(err)
		}
	}
	if err := m.awaitMonitor(ctx); err != nil {
		return err
	}
	return e.launch(ctx, m)
}

// awaitMonitor returns when the monitor has finished its work for a QEMU that has
// ended.
func (m *machine) awaitMonitor(ctx context.Context) error {
	v := m.monitored()
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

// launch starts a QEMU. If it fails it leaves no QEMU running. If the context
// ends it leaves one that may still come up, and monitors it.
func (e *Engine) launch(ctx context.Context, m *machine) error {
	if err := e.handOver(ctx, m.dir, m.id); err != nil {
		return fmt.Errorf("give QEMU its files: %w", err)
	}
	if err := e.prepareDisk(ctx, m); err != nil {
		return err
	}
	r, err := m.record()
	if err != nil {
		return err
	}
	cmd, err := e.command(ctx, m, r)
	if err != nil {
		return err
	}
	conn, p, err := m.spawn(ctx, cmd, r.Disk.Image.Path)
	if err != nil {
		return err
	}
	client, err := greet(ctx, conn)
	switch {
	case err == nil:
		e.watch(m, newVM(p), client)
		return nil
	case errors.Is(err, fault.ErrCrash):
		p.Close()
		return err
	case ctx.Err() != nil:
		e.watch(m, newVM(p), nil)
		return err
	}
	defer p.Close()
	if errors.Is(err, qmp.ErrSilent) {
		err = fmt.Errorf("%w%s", err, p.Ailment())
	}
	// First QEMU must have ended, so that startFailure does not find its own
	// address to be in use.
	ended := e.abort(m, p)
	return errors.Join(m.startFailure(err), ended)
}

// abort ends a QEMU that is not monitored.
func (e *Engine) abort(m *machine, p *proc.Process) error {
	if err := p.Kill(); err != nil {
		return err
	}
	if err := p.WaitKilled(); err != nil {
		return err
	}
	e.awaitUnlocked(m)
	return nil
}

// command runs QEMU. The files that it inherits are not set.
func (e *Engine) command(ctx context.Context, m *machine, r record) (*exec.Cmd, error) {
	binary, _, err := e.config.installed()
	if err != nil {
		return nil, err
	}
	accelerator, err := e.accelerator.wait(ctx)
	if err != nil {
		return nil, fmt.Errorf("choose an accelerator: %w", err)
	}
	relay, err := e.relayFrom(ctx, m.dir)
	if err != nil {
		return nil, err
	}
	args, err := arguments(r, accelerator.Accelerator, relay, e.mark(m.id))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(relay, helper.Launch(e.processLimit(r.Spec.VCPUs), binary, args)...)
	cmd.Env = []string{"LC_ALL=C"}
	cmd.SysProcAttr, err = e.processAttributes(m.id, accelerator.Accelerator)
	return cmd, err
}

// greet waits for QEMU's first answers.
func greet(ctx context.Context, conn net.Conn) (*qmp.Client, error) {
	if err := fault.At(ctx, "qemu.start.greet"); err != nil {
		conn.Close()
		return nil, err
	}
	limited, cancel := context.WithTimeoutCause(ctx, answerLimit, fmt.Errorf("%w (%v)", qmp.ErrSilent, answerLimit))
	defer cancel()
	client, err := qmp.New(limited, conn)
	if err != nil {
		return nil, err
	}
	if err := ensureRunning(limited, client); err != nil {
		client.Close()
		return nil, err
	}
	return client, nil
}
