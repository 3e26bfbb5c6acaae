package qemu

import (
	"context"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/compute"
	"github.com/rockpool-cloud/rockpool/internal/fault"
)

const (
	consoleLimit = 1 << 20   // bytes of a console that are kept: the last
	qemuLogLimit = 256 << 10 // the same of qemu.log
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
	f, err := os.Open(e.newMachine(id).path("console.log"))
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
	from := max(0, info.Size()-consoleLimit)
	return consoleReader{io.NewSectionReader(f, from, info.Size()-from), f}, nil
}

// trimLogs keeps a guest from filling the host's disk with what it writes, or
// makes QEMU write.
func (e *Engine) trimLogs(m *machine) {
	err := errors.Join(trim(m.path("console.log"), consoleLimit), trim(m.path("qemu.log"), qemuLogLimit))
	if err != nil {
		e.config.Logger.Warn("a machine's logs can't be kept small", "machine", m.id, "error", err)
	}
}

// trim gives the disk space of all but a file's last bytes back. QEMU appends
// at the end meanwhile, which stays where it is. A file may be missing.
func trim(path string, keep int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() <= keep {
		return err
	}
	return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, info.Size()-keep)
}
