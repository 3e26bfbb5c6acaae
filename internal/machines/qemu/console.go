package qemu

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/helper"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/socket"
)

type consoleReader struct {
	io.Reader
	io.Closer
}

// Console returns the last MiB of what the guest has written.
func (e *Engine) Console(ctx context.Context, id int64) (io.ReadCloser, error) {
	if err := fault.At(ctx, "qemu.console.open"); err != nil {
		return nil, failed("read the console of", id, err)
	}
	return ReadConsole(e.config.Dir, id)
}

// ReadConsole is Console for a process that has no engine. dir is the folder of
// machines, Config.Dir.
func ReadConsole(dir string, id int64) (io.ReadCloser, error) {
	f, err := os.Open(filepath.Join(dir, strconv.FormatInt(id, 10), "console.log"))
	if errors.Is(err, os.ErrNotExist) {
		err = compute.ErrNotFound
	}
	if err != nil {
		return nil, failed("read the console of", id, err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, failed("read the console of", id, err)
	}
	from := max(0, info.Size()-helper.ConsoleLimit)
	return consoleReader{io.NewSectionReader(f, from, info.Size()-from), f}, nil
}

const consoleSocket = "console.sock"

// ErrConsoleBusy means that somebody else is connected to the console.
var ErrConsoleBusy = errors.New("somebody is at this console already")

// AttachConsole connects to the serial port of a machine in that folder of
// machines, Config.Dir. Reading ends when the machine does. It returns
// compute.ErrNotFound without such a machine, compute.ErrNotRunning if nothing
// listens, and ErrConsoleBusy as long as another connection is open.
func AttachConsole(ctx context.Context, dir string, id int64) (io.ReadWriteCloser, error) {
	conn, err := attach(ctx, filepath.Join(dir, strconv.FormatInt(id, 10)))
	if err != nil {
		return nil, failed("attach to the console of", id, err)
	}
	return conn, nil
}

func attach(ctx context.Context, dir string) (io.ReadWriteCloser, error) {
	// The keeper serves one client at a time, and a second one would wait without
	// knowing why. So each client locks the folder.
	folder, err := os.Open(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, compute.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(folder.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrConsoleBusy
	}
	if err != nil {
		folder.Close()
		return nil, err
	}
	conn, err := socket.Dial(ctx, dir, consoleSocket)
	if errors.Is(err, unix.ECONNREFUSED) || errors.Is(err, os.ErrNotExist) {
		err = compute.ErrNotRunning
	}
	if err != nil {
		folder.Close()
		return nil, err
	}
	return attached{conn, folder}, nil
}

// attached is a connection to a console. Its lock excludes other clients.
type attached struct {
	conn   *net.UnixConn
	folder *os.File // locked
}

// Read ends with io.EOF also if the machine ended before it took all that was
// typed.
func (a attached) Read(p []byte) (int, error) {
	n, err := a.conn.Read(p)
	if errors.Is(err, unix.ECONNRESET) {
		err = io.EOF
	}
	return n, err
}

// Write drops its input once the machine has ended. Read then returns io.EOF.
func (a attached) Write(p []byte) (int, error) {
	n, err := a.conn.Write(p)
	if errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) {
		return len(p), nil
	}
	return n, err
}

func (a attached) Close() error { return errors.Join(a.conn.Close(), a.folder.Close()) }
