package qemu

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/compute"
	"github.com/rockpool-cloud/rockpool/internal/compute/qemu/qmp"
	"github.com/rockpool-cloud/rockpool/internal/fault"
)

// adoptLimit is for the answer of a QEMU that runs.
const adoptLimit = 5 * time.Second

// adopt connects to the machine's QEMU that runs, if that is not done.
func (e *Engine) adopt(ctx context.Context, m *machine) (*vm, error) {
	if v := m.connected(); v != nil {
		return v, nil
	}
	if err := fault.At(ctx, "qemu.adopt.connect"); err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeoutCause(ctx, adoptLimit, fmt.Errorf("no answer within %v", adoptLimit))
	defer cancel()
	conn, err := dial(limited, m.dir, "qmp.sock")
	if err != nil {
		return nil, fmt.Errorf("connect to the QEMU that runs: %w", err)
	}
	client, err := qmp.New(limited, conn)
	if err != nil {
		return nil, fmt.Errorf("connect to the QEMU that runs: %w", err)
	}
	p, err := m.listener(conn)
	if err != nil {
		client.Close()
		return nil, err
	}
	v := newVM(client, p)
	e.keep(m, v)
	return v, nil
}

// listener opens the process that listens at the other end of a connection to
// qmp.sock. It is QEMU, unless that had not yet come to listen itself.
func (m *machine) listener(conn *net.UnixConn) (*process, error) {
	pid, err := listenerPID(conn)
	if err != nil {
		return nil, err
	}
	if pid == 0 || pid == os.Getpid() {
		return m.findProcess()
	}
	p, err := openProcess(pid)
	if errors.Is(err, unix.ESRCH) {
		return m.findProcess()
	}
	if err != nil {
		return nil, err
	}
	// Still locked: QEMU has lived all along, so the pid was its own.
	if held, err := m.held(); err != nil || !held {
		p.close()
		return nil, errors.Join(err, compute.ErrNotRunning)
	}
	return p, nil
}
