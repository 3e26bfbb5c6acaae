package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ErrInUse means that a database can't be replaced, because it is open.
var ErrInUse = errors.New("the database is in use")

// lockFolder locks the folder of an SQLite database until the returned file is
// closed. Processes with the database open have a shared lock; one that replaces
// it has an exclusive one (alone). SQLite's own locks are not enough for that:
// they are on the database file, which is replaced, while its log is found by
// name.
func lockFolder(path string, alone bool) (*os.File, error) {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	how := unix.LOCK_SH | unix.LOCK_NB
	if alone {
		how = unix.LOCK_EX | unix.LOCK_NB
	}
	if err := unix.Flock(int(folder.Fd()), how); err != nil {
		folder.Close()
		if errors.Is(err, unix.EWOULDBLOCK) && alone {
			return nil, fmt.Errorf("%w by another rockpool", ErrInUse)
		}
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errors.New("the database is being replaced")
		}
		return nil, &fs.PathError{Op: "lock", Path: folder.Name(), Err: err}
	}
	return folder, nil
}

// checkUnused fails with ErrInUse if another process has the database open,
// whatever program that is. This process must not have it open: it would lose
// its locks.
func checkUnused(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	lock := sharedLock()
	if err := unix.FcntlFlock(file.Fd(), unix.F_GETLK, &lock); err != nil {
		return &fs.PathError{Op: "look for locks on", Path: path, Err: err}
	}
	if lock.Type != unix.F_UNLCK {
		return fmt.Errorf("%w by process %d", ErrInUse, lock.Pid)
	}
	return nil
}

// sharedLock describes the bytes that SQLite locks while a database is open: 510
// bytes after the first gigabyte, behind those for the pending and the reserved
// lock (https://sqlite.org/lockingv3.html, and PENDING_BYTE in its source).
func sharedLock() unix.Flock_t {
	return unix.Flock_t{Type: unix.F_WRLCK, Start: 1<<30 + 2, Len: 510}
}

// syncFolder flushes the names in a folder to disk. Some file systems (9p,
// VirtualBox's shared folders) do not support that and return EINVAL, which is
// ignored.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	if err = folder.Sync(); errors.Is(err, unix.EINVAL) {
		err = nil
	}
	return errors.Join(err, folder.Close())
}
