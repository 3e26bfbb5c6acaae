package storetest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// sqliteTemplate returns the content of an SQLite database with all tables.
var sqliteTemplate = sync.OnceValues(func() (content []byte, err error) {
	dir, err := os.MkdirTemp("", "rockpool-template")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "rockpool.db")
	if err := migrate(path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// migrate creates all tables in a database, by opening it.
func migrate(source string) error {
	db, err := store.Open(context.Background(), source)
	if err != nil {
		return err
	}
	return db.Close() // SQLite then has everything in the one file
}

// copySQLite writes the template to path, unless there is a file.
func copySQLite(path string) error {
	content, err := sqliteTemplate()
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Close())
}
