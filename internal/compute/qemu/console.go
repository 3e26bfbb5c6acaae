package qemu

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/compute"
	"github.com/rockpool-cloud/rockpool/internal/fault"
)

const (
	consoleLimit = 1 << 20     // bytes of a console that are kept: the last
	consoleTrim  = time.Minute // how often what is before them is given up
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

// trimConsole gives the disk space of all but the last MiB back, so that a
// guest can't fill the host's disk. QEMU appends at the end meanwhile, which
// stays where it is.
func (m *machine) trimConsole() error {
	f, err := os.OpenFile(m.path("console.log"), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() <= consoleLimit {
		return err
	}
	return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, info.Size()-consoleLimit)
}
