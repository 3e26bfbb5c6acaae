package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ErrInUse says that a database can't be replaced, because it is open.
var ErrInUse = errors.New("the database is in use")

// lockFolder locks the folder of an SQLite database until the file is closed:
// shared by all that have the database open, alone by who replaces it. SQLite's
// own locks are not enough for that. They are on the file, which is another one
// afterwards, while the files beside it are found by their names.
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

// checkUnused fails with ErrInUse if another process has the database open, be
// it ours or not. This process must not have it open: it would lose its locks.
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

// sharedLock asks who has the bytes that SQLite locks while a database is open:
// 510 bytes after the first gigabyte, behind those for pending and reserved
// locks (https://sqlite.org/lockingv3.html, and PENDING_BYTE in its source).
func sharedLock() unix.Flock_t {
	return unix.Flock_t{Type: unix.F_WRLCK, Start: 1<<30 + 2, Len: 510}
}

// syncFolder has the names in a folder on disk, on file systems that can see to
// that. Some (9p, VirtualBox's shared folders) say EINVAL, and keep names by
// themselves or not at all.
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
