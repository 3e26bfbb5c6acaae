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

// answerPatience is for a QEMU that was up before to be connected to.
const answerPatience = 5 * time.Second

// vm is a living QEMU that this engine monitors. QEMU serves one client at a
// time, so only the monitor connects, and all others use its connection.
type vm struct {
	process *proc.Process

	asked atomic.Bool   // by Stop or Destroy to end
	gone  chan struct{} // closed when the process has ended

	ctx    context.Context // ends when the engine lets go of it
	cancel context.CancelFunc

	mu      sync.Mutex
	conn    *connection   // nil: none at present
	changed chan struct{} // closed when there is one
	reset   chan struct{} // closed, and made anew, at each reset of the guest
}

// connection is one of perhaps several in a vm's life.
type connection struct {
	*qmp.Client
	lost chan struct{} // closed when the monitor has seen its end
}

func newVM(p *proc.Process) *vm {
	v := &vm{process: p, gone: make(chan struct{}), changed: make(chan struct{}), reset: make(chan struct{})}
	v.ctx, v.cancel = context.WithCancel(context.Background())
	return v
}

// letGo ends the connection and the monitoring.
func (v *vm) letGo() {
	v.cancel()
	v.mu.Lock()
	conn := v.conn
	v.mu.Unlock()
	if conn != nil {
		conn.Close()
	}
	v.process.Close()
}

// explain adds to the error of a QEMU that did not answer what is the matter
// with its process.
func (v *vm) explain(err error) error {
	if !errors.Is(err, qmp.ErrSilent) {
		return err
	}
	return fmt.Errorf("%w%s", err, v.process.Ailment())
}

// connection waits for the monitor to have one, but not for long. The error is
// compute.ErrNotRunning if QEMU has ended, qmp.ErrSilent if it does not answer.
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

// notServed tells why nobody monitors it any more.
func (v *vm) notServed() error {
	select {
	case <-v.gone:
		return compute.ErrNotRunning
	default:
		return errClosed
	}
}

// connect makes a client the one that all use, unless v was let go.
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

// isEnd tells whether an error may come from QEMU's end.
func isEnd(err error) bool {
	return errors.Is(err, qmp.ErrClosed) || errors.Is(err, errEnding)
}

// awaitEnd waits for the end of a connection that has failed, and tells whether
// it was also QEMU's. If not, there is another connection.
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
