package qemu

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/proc"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/qmp"
)

// answerPatience is how long connecting to a QEMU may take that was up before.
const answerPatience = 5 * time.Second

// vm is a QEMU process that lives and that this engine monitors. QEMU serves one
// client at a time, so the monitor connects and everything else uses the monitor's
// connection.
type vm struct {
	process *proc.Process

	asked atomic.Bool   // Stop or Destroy has asked it to end
	gone  chan struct{} // closed when the process has ended

	ctx    context.Context // ends when the engine detaches
	cancel context.CancelFunc

	mu      sync.Mutex
	conn    *connection   // nil: none at present
	changed chan struct{} // closed when there is one
	reset   chan struct{} // closed, and made anew, at each reset of the guest
}

// connection is a connection to QEMU. A vm may have several, one after another.
type connection struct {
	*qmp.Client
	lost chan struct{} // closed when the monitor has seen its end
}

func newVM(p *proc.Process) *vm {
	v := &vm{process: p, gone: make(chan struct{}), changed: make(chan struct{}), reset: make(chan struct{})}
	v.ctx, v.cancel = context.WithCancel(context.Background())
	return v
}

// detach ends the connection and the monitoring.
func (v *vm) detach() {
	v.cancel()
	v.mu.Lock()
	conn := v.conn
	v.mu.Unlock()
	if conn != nil {
		conn.Close()
	}
	v.process.Close()
}

// explain adds the state of QEMU's process to an error, if the error is that QEMU
// did not answer.
func (v *vm) explain(err error) error {
	if !errors.Is(err, qmp.ErrSilent) {
		return err
	}
	return fmt.Errorf("%w%s", err, v.process.Ailment())
}

// connection returns the monitor's connection, for which it waits answerPatience at
// most. The error is compute.ErrNotRunning if QEMU has ended, qmp.ErrSilent if it
// does not answer.
func (v *vm) connection(ctx context.Context) (*connection, error) {
	limited, cancel := context.WithTimeoutCause(ctx, answerPatience, fmt.Errorf("%w (%v)", qmp.ErrSilent, answerPatience))
	defer cancel()
	for {
		v.mu.Lock()
		conn, changed := v.conn, v.changed
		v.mu.Unlock()
		if conn != nil {
			return conn, nil
		}
		select {
		case <-changed:
		case <-v.gone:
			return nil, compute.ErrNotRunning
		case <-v.ctx.Done():
			return nil, v.notServed()
		case <-limited.Done():
			return nil, context.Cause(limited)
		}
	}
}

// notServed returns why nobody monitors it any more.
func (v *vm) notServed() error {
	select {
	case <-v.gone:
		return compute.ErrNotRunning
	default:
		return errClosed
	}
}

// connect makes the client the connection of v, unless v was detached.
func (v *vm) connect(client *qmp.Client) (conn *connection, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ctx.Err() != nil {
		return nil, false
	}
	v.conn = &connection{client, make(chan struct{})}
	close(v.changed)
	return v.conn, true
}

func (v *vm) disconnect() {
	v.mu.Lock()
	defer v.mu.Unlock()
	close(v.conn.lost)
	v.conn = nil
	v.changed = make(chan struct{})
}

// isEnd reports whether an error may come from QEMU's end.
func isEnd(err error) bool {
	return errors.Is(err, qmp.ErrClosed) || errors.Is(err, errEnding)
}

// awaitEnd waits for the end of a connection that has failed, and reports whether
// QEMU has ended too. If not, there is another connection.
func (v *vm) awaitEnd(ctx context.Context, failed *connection) bool {
	select {
	case <-failed.lost:
	case <-ctx.Done():
		return false
	}
	_, err := v.connection(ctx)
	return errors.Is(err, compute.ErrNotRunning)
}

func (v *vm) nextReset() <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.reset
}

func (v *vm) wasReset() {
	v.mu.Lock()
	defer v.mu.Unlock()
	close(v.reset)
	v.reset = make(chan struct{})
}
