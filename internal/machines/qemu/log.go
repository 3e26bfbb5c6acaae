package qemu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"unicode"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
)

const logTail = 4 << 10 // bytes at the end of qemu.log that lastWords reads

// openLog empties qemu.log for a new start and locks it. The keeper inherits the
// file, so the lock lasts as long as the keeper.
func (m *machine) openLog(ctx context.Context) (*os.File, error) {
	if err := fault.At(ctx, "qemu.start.log"); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(m.path("qemu.log"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil && !errors.Is(err, errLocked) { // an earlier keeper has not ended yet
		f.Close()
		return nil, err
	}
	return f, nil
}

func (m *machine) openConsole() (*os.File, error) {
	return os.OpenFile(m.path("console.log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
}

// lastWords returns the last lines of qemu.log as the end of a sentence, or "".
func (m *machine) lastWords() string {
	f, err := os.Open(m.path("qemu.log"))
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > logTail {
		if _, err := f.Seek(-logTail, io.SeekEnd); err != nil {
			return ""
		}
	}
	data, err := io.ReadAll(io.LimitReader(f, logTail))
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	text := strings.Map(printable, strings.Join(lines[max(0, len(lines)-5):], "; "))
	if text == "" {
		return ""
	}
	return ", its last words: " + text
}

// printable replaces control characters by spaces, because a terminal would obey
// them and a guest can influence what QEMU writes.
func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return ' '
}

// startFailure explains why a QEMU did not come up.
func (m *machine) startFailure(err error) error {
	if r, recordErr := m.record(); recordErr == nil {
		nic := r.Spec.Interfaces[0]
		for _, f := range nic.Forwards {
			address := net.JoinHostPort(nic.Address.String(), fmt.Sprint(f.HostPort))
			if bindErr := bindFailure(address, f.HostPort); bindErr != nil {
				return bindErr
			}
		}
	}
	return fmt.Errorf("QEMU did not come up: %w%s", err, m.lastWords())
}

// bindFailure binds the address itself to find out why QEMU could not.
func bindFailure(address string, port int) error {
	l, err := net.Listen("tcp4", address)
	switch {
	case err == nil:
		l.Close()
		return nil
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("forward %s: another process uses this address: %w", address, unix.EADDRINUSE)
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("forward %s: this user may not bind ports below 1024; allow it with: sudo sysctl net.ipv4.ip_unprivileged_port_start=%d: %w",
			address, port, unix.EACCES)
	default:
		return fmt.Errorf("forward %s: %w", address, err)
	}
}
