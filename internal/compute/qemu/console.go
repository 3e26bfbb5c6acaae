package qemu

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"

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
	return ReadConsole(e.config.Dir, id)
}

// ReadConsole is Console for a process that has no engine: it looks into the
// folder of machines, Config.Dir.
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
	from := max(0, info.Size()-consoleLimit)
	return consoleReader{io.NewSectionReader(f, from, info.Size()-from), f}, nil
}
