package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"syscall"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
)

// Restore copies a backup to path, as the SQLite database. If there is a
// database already, it fails with fs.ErrExist, or, with replace, renames that
// database to kept. If the database is open anywhere the error is ErrInUse.
// Whenever the process is killed, path is the complete old database or the
// complete new one.
func Restore(ctx context.Context, backup, path string, replace bool) (kept string, err error) {
	folder, err := lockFolder(path, true)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	defer folder.Close()
	switch _, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		replace = false
	case err != nil:
		return "", err
	case !replace:
		return "", &fs.PathError{Op: "replace", Path: path, Err: fs.ErrExist}
	}
	if err := removePartials(path); err != nil {
		return "", err
	}
	copied, err := copyBackup(ctx, backup, path)
	if err != nil {
		return "", err
	}
	defer os.Remove(copied) // fails if place has renamed it
	if err := fault.At(ctx, "store.restore.clear"); err != nil {
		return "", err
	}
	if replace {
		if kept, err = setAside(ctx, path); err != nil {
			return "", err
		}
	} else if err := removeBeside(path); err != nil {
		return "", err
	}
	if err := fault.At(ctx, "store.restore.rename"); err != nil {
		return "", err
	}
	return kept, place(ctx, copied, path, replace)
}

// removePartials removes the files of restores that were killed.
func removePartials(path string) error {
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".*.partial*"))
	for _, name := range left {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// copyBackup copies a backup into the folder of path, and fails if this program
// can't use it.
func copyBackup(ctx context.Context, backup, path string) (copied string, err error) {
	if _, err := os.Stat(backup); err != nil {
		return "", err
	}
	if err := checkIntegrity(ctx, backup); err != nil {
		return "", err
	}
	if copied, err = copyDatabase(ctx, backup, path); err != nil {
		return "", err
	}
	err = errors.Join(fault.At(ctx, "store.restore.check"), checkVersion(ctx, copied, backup), giveToOwner(copied, path))
	if err != nil {
		return "", errors.Join(err, os.Remove(copied))
	}
	return copied, nil
}

// checkVersion fails if a database is not Rockpool's, or is of a later version
// than this program. One of an earlier version is migrated by Open.
func checkVersion(ctx context.Context, copied, backup string) error {
	db, err := openSQLite(copied, url.Values{"mode": {"ro"}})
	if err != nil {
		return err
	}
	defer db.Close()
	var ours bool
	err = db.QueryRowContext(ctx, `SELECT count(*) = 2 FROM sqlite_master WHERE name IN ('goose_db_version', 'accounts')`).Scan(&ours)
	if err != nil {
		return err
	}
	if !ours {
		return fmt.Errorf("%s is not a backup of a Rockpool", backup)
	}
	provider, err := sqliteFile(copied).migrations(db)
	if err != nil {
		return err
	}
	has, wants, err := provider.GetVersions(ctx)
	if err == nil && has > wants {
		err = fmt.Errorf("%s is of a later Rockpool: its tables are of version %d, this program's of version %d", backup, has, wants)
	}
	return err
}

// giveToOwner makes the owner of the folder the owner of a file, if root created
// it.
func giveToOwner(file, path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	owner := info.Sys().(*syscall.Stat_t)
	return os.Chown(file, int(owner.Uid), int(owner.Gid))
}

// setAside moves everything from a database's log into its file, and links the
// file to a second name, which it returns.
func setAside(ctx context.Context, path string) (kept string, err error) {
	if err := checkUnused(path); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	if err := checkpoint(ctx, path); err != nil {
		return "", fmt.Errorf("checkpoint the existing database: %w; move %s* away if it is not needed", err, path)
	}
	if err := removeBeside(path); err != nil {
		return "", err
	}
	if err := fault.At(ctx, "store.restore.keep"); err != nil {
		return "", err
	}
	for i := 1; ; i++ {
		kept = fmt.Sprintf("%s.replaced-%d", path, i)
		if err := os.Link(path, kept); err == nil {
			return kept, syncFolder(filepath.Dir(path))
		} else if !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
}

// checkpoint moves the content of the write-ahead log into the database file.
func checkpoint(ctx context.Context, path string) error {
	db, err := openSQLite(path, url.Values{"_pragma": {"busy_timeout(10000)", "synchronous(FULL)"}})
	if err != nil {
		return err
	}
	var busy, inLog, moved int
	err = db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &inLog, &moved)
	if err == nil && busy != 0 {
		err = ErrInUse
	}
	return errors.Join(err, db.Close())
}

// removeBeside removes the log files of the old database, which SQLite would use
// with the new one.
func removeBeside(path string) error {
	for _, ending := range []string{"-wal", "-shm", "-journal"} {
		if err := os.Remove(path + ending); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return syncFolder(filepath.Dir(path))
}
