package qemu

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// errLocked means that another process has locked the file. If it is a machine's
// lock, its QEMU lives.
var errLocked = errors.New("a QEMU process has the machine's lock")

// wholeFile describes an open file description lock (fcntl(2)) of a whole file.
// QEMU inherits the open file, so the lock lasts exactly as long as that process.
// Unlike a lock by flock(2) it can be queried without being acquired.
func wholeFile() *unix.Flock_t {
	return &unix.Flock_t{Type: unix.F_WRLCK, Whence: unix.SEEK_SET}
}

// takeLock locks the machine's lock file and returns it. The error is errLocked if
// the machine's QEMU lives.
func (m *machine) takeLock() (*os.File, error) {
	f, err := os.OpenFile(m.path("lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// lock locks a file. The error is errLocked if another process has.
func lock(f *os.File) error {
	err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, wholeFile())
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return errLocked
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return nil
}

// isLocked reports whether the machine's QEMU lives.
func (m *machine) isLocked() (bool, error) { return locked(m.path("lock")) }

// locked reports whether a file is there and locked.
func locked(path string) (bool, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	by := wholeFile()
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, by); err != nil {
		return false, fmt.Errorf("query the lock %s: %w", f.Name(), err)
	}
	return by.Type != unix.F_UNLCK, nil
}
