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

// Restore puts a copy of the backup into the place of the SQLite database at
// path. If there is one it fails with fs.ErrExist, unless replace says so: then
// that one is kept beside it, and kept is its path. The database must not be
// open anywhere; else the error is ErrInUse. Whenever the process dies, the
// database is the old one or the new one, whole.
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
	defer os.Remove(copied) // unless it has another name by then
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

// removePartials removes what restores have left that were killed.
func removePartials(path string) error {
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".*.partial*"))
	for _, name := range left {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// copyBackup copies a backup to beside path, if the program can work with it.
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

// checkVersion refuses a database that is not Rockpool's, or is one of a later
// version than this program's. An earlier one is brought up to date when it is
// opened to work.
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

// giveToOwner gives a file that root has made to whom its folder belongs.
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

// setAside keeps a database under another name as well, which it returns, and
// has nothing of it in the files beside it.
func setAside(ctx context.Context, path string) (kept string, err error) {
	if err := checkUnused(path); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	if err := settle(ctx, path); err != nil {
		return "", fmt.Errorf("settle the database that is there: %w; move %s* away if it is not needed", err, path)
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

// settle moves what is in the write-ahead log into the database itself.
func settle(ctx context.Context, path string) error {
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

// removeBeside removes the files that SQLite would take for those of the
// database that comes.
func removeBeside(path string) error {
	for _, ending := range []string{"-wal", "-shm", "-journal"} {
		if err := os.Remove(path + ending); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return syncFolder(filepath.Dir(path))
}
