package qemu

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/helper"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/proc"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/socket"
)

// spawn starts QEMU and returns the process and a connection to its QMP socket.
// The engine makes the listening socket and QEMU inherits it, so the engine can
// connect before QEMU answers and need not poll. The end of QEMU, for whatever
// reason, ends the connection.
func (m *machine) spawn(ctx context.Context, cmd *exec.Cmd, image string) (conn net.Conn, p *proc.Process, err error) {
	var open []*os.File // for QEMU to inherit
	defer func() {
		for _, f := range open {
			f.Close()
		}
		if err != nil && conn != nil {
			conn.Close()
		}
	}()
	for _, inherit := range []func() (*os.File, error){
		helper.LockFD - 3:          m.takeLock,
		helper.QMPFD - 3:           func() (*os.File, error) { return m.listenFor(ctx, "qmp.sock") },
		helper.ImageFD - 3:         func() (*os.File, error) { return os.Open(image) },
		helper.ConsoleFD - 3:       m.openConsole,
		helper.ConsoleSocketFD - 3: func() (*os.File, error) { return m.listenFor(ctx, consoleSocket) },
	} {
		f, err := inherit()
		if err != nil {
			return nil, nil, err
		}
		open = append(open, f)
	}
	cmd.ExtraFiles = open[:helper.Files:helper.Files]
	folder, err := os.Open(m.dir)
	if err != nil {
		return nil, nil, err
	}
	open = append(open, folder)
	// QEMU's user need not be able to come here by the whole path.
	cmd.Dir = fmt.Sprintf("/proc/self/fd/%d", folder.Fd())
	log, err := m.openLog(ctx)
	if err != nil {
		return nil, nil, err
	}
	open = append(open, log)
	cmd.Stdout, cmd.Stderr = log, log

	if conn, err = socket.Dial(ctx, m.dir, "qmp.sock"); err != nil {
		return conn, nil, err
	}
	if err := fault.At(ctx, "qemu.start.spawn"); err != nil {
		return conn, nil, err
	}
	if err := cmd.Start(); err != nil {
		return conn, nil, fmt.Errorf("start QEMU: %w", err)
	}
	if p, err = proc.Open(cmd.Process.Pid); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // its status says only that it was killed
		return conn, nil, err
	}
	return conn, p, cmd.Process.Release()
}

// listenFor makes a listening socket of that name in the folder and returns it as
// a file, on which another process accepts connections.
func (m *machine) listenFor(ctx context.Context, name string) (*os.File, error) {
	if err := fault.At(ctx, "qemu.start.socket"); err != nil {
		return nil, err
	}
	l, err := socket.Listen(m.dir, name)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	return l.File()
}
