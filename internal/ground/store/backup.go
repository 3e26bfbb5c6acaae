package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
)

// Backup writes a copy of the SQLite database at path to the file to. The copy is
// an SQLite database, readable by its owner only. It has the state of one point
// in time, also if others write meanwhile. If Backup fails there is no copy. An
// existing file is replaced only with replace; otherwise the error is
// fs.ErrExist.
func Backup(ctx context.Context, path, to string, replace bool) error {
	if _, err := os.Stat(path); err != nil { // SQLite would create it
		return err
	}
	if err := checkTarget(path, to, replace); err != nil {
		return err
	}
	folder, err := lockFolder(path, false)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer folder.Close()
	copied, err := copyDatabase(ctx, path, to)
	if err != nil {
		return err
	}
	if err := place(ctx, copied, to, replace); err != nil {
		_ = os.Remove(copied) // it already has its final name if only syncFolder failed
		return err
	}
	return nil
}

// checkTarget fails if a backup would overwrite something that it must not.
func checkTarget(path, to string, replace bool) error {
	there, err := os.Stat(to)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	source, err := os.Stat(path)
	if err != nil {
		return err
	}
	if os.SameFile(source, there) {
		return fmt.Errorf("%s is the database itself", to)
	}
	if !there.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", to)
	}
	if !replace {
		return &fs.PathError{Op: "write", Path: to, Err: fs.ErrExist}
	}
	return nil
}

// copyDatabase copies an SQLite database to a new file in the folder of to, and
// returns its path. The copy has been checked and flushed to disk.
func copyDatabase(ctx context.Context, path, to string) (copied string, err error) {
	file, err := os.CreateTemp(filepath.Dir(to), "."+filepath.Base(to)+".*.partial")
	if err != nil {
		return "", err
	}
	copied = file.Name()
	defer func() {
		err = errors.Join(err, file.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(copied))
		}
	}()
	if err := vacuumInto(ctx, path, copied); err != nil {
		return "", err
	}
	if err := checkIntegrity(ctx, copied); err != nil {
		return "", err
	}
	return copied, file.Sync() // VACUUM INTO does not
}

// vacuumInto copies one state of a database into an empty file.
func vacuumInto(ctx context.Context, path, to string) error {
	db, err := openSQLite(path, url.Values{"_pragma": {"busy_timeout(10000)"}})
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO $1`, to)
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("copy %s: %w", path, err)
	}
	return nil
}

// checkIntegrity fails if SQLite finds the database damaged. It opens it
// read-only.
func checkIntegrity(ctx context.Context, path string) error {
	db, err := openSQLite(path, url.Values{"mode": {"ro"}})
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, `PRAGMA integrity_check(5)`)
	faults, err := Collect(rows, err, func(row Scanner) (text string, err error) { return text, row.Scan(&text) })
	if err != nil {
		return fmt.Errorf("check %s: %w", path, err)
	}
	if len(faults) != 1 || faults[0] != "ok" {
		return fmt.Errorf("%s is damaged: %s", path, strings.Join(strings.Fields(strings.Join(faults, "; ")), " "))
	}
	return nil
}

// place renames a file, which has been flushed, to its final name in the same
// folder.
func place(ctx context.Context, file, to string, replace bool) error {
	rename := os.Rename
	if !replace {
		rename = func(file, to string) error { return renameNew(ctx, file, to) }
	}
	if err := rename(file, to); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}

// renameNew renames a file to a name that no other file has. Some file systems,
// such as NFS, can't check that; the caller has checked it before.
func renameNew(ctx context.Context, file, to string) error {
	err := fault.At(ctx, "store.backup.rename")
	if err == nil {
		err = unix.Renameat2(unix.AT_FDCWD, file, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	}
	if errors.Is(err, unix.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return os.Rename(file, to)
	}
	if err != nil {
		return &os.LinkError{Op: "rename", Old: file, New: to, Err: err}
	}
	return nil
}

// openSQLite opens a database file with one connection, and without the pragmas
// that store.Open sets.
func openSQLite(path string, query url.Values) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+query.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}
