package qemu

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// errHeld means that a machine's lock is held: its QEMU lives.
var errHeld = errors.New("a QEMU process holds the machine's lock")

// The lock is an open file description lock (fcntl(2)): QEMU inherits the open
// file, so the kernel keeps the lock exactly as long as that process lives.
// Unlike flock(2) it can be asked about without being taken.
func wholeFile() *unix.Flock_t {
	return &unix.Flock_t{Type: unix.F_WRLCK, Whence: unix.SEEK_SET}
}

// takeLock returns the locked file, or errHeld.
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

// lock returns errHeld if another has locked the file.
func lock(f *os.File) error {
	err := unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, wholeFile())
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return errHeld
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return nil
}

// held reports whether the machine's QEMU lives.
func (m *machine) held() (bool, error) { return locked(m.path("lock")) }

// locked reports whether a file is; one that is not there is not.
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
