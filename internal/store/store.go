// Package store keeps Rockpool's state in a database: it opens it, brings its
// tables up to date, and runs transactions. The queries themselves belong to
// the packages whose rows they touch.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the database/sql driver "sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// minSQLite is the first SQLite without a known way to corrupt a WAL database.
const minSQLite = "3.51.3"

// DB is an open database. It has one connection for writing, because SQLite
// has one writer, and a few for reading, which never wait for it.
type DB struct {
	writer *writer
	read   *pool
	now    func() time.Time
}

// Option changes how Open works.
type Option func(*DB)

// WithClock makes the database take its times from now.
func WithClock(now func() time.Time) Option {
	return func(db *DB) { db.now = now }
}

// Open opens the SQLite database in the file at path, makes it if it is not
// there, and brings its tables up to date.
func Open(ctx context.Context, path string, options ...Option) (*DB, error) {
	db := &DB{now: time.Now}
	for _, option := range options {
		option(db)
	}
	if err := db.open(ctx, path); err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	return db, nil
}

func (db *DB) open(ctx context.Context, path string) error {
	if err := create(path); err != nil {
		return err
	}
	write, err := openSQLite(path, 1)
	if err != nil {
		return err
	}
	if err := prepare(ctx, write); err != nil {
		write.Close()
		return err
	}
	if db.writer, err = newWriter(ctx, write, db.now); err != nil {
		write.Close()
		return err
	}
	read, err := openSQLite(path, 4)
	if err != nil {
		db.writer.close()
		return err
	}
	db.read = &pool{preparer: read, close: read.Close}
	return nil
}

// create makes the file if it is not there, for its owner's eyes only: SQLite
// by itself would let everybody read it, and gives the files beside it the
// mode of this one.
func create(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

func openSQLite(path string, connections int) (*sql.DB, error) {
	query := url.Values{"_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
	}}
	sqlDB, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+query.Encode())
	if err != nil {
		return nil, err
	}
	sqlDB.SetMaxOpenConns(connections)
	sqlDB.SetMaxIdleConns(connections)
	return sqlDB, nil
}

// prepare checks the SQLite in use and brings the tables up to date.
func prepare(ctx context.Context, db *sql.DB) error {
	var version string
	if err := db.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&version); err != nil {
		return err
	}
	if older(version, minSQLite) {
		return fmt.Errorf("SQLite %s is too old: need %s", version, minSQLite)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

func older(version, than string) bool {
	var a, b [3]int
	fmt.Sscanf(version, "%d.%d.%d", &a[0], &a[1], &a[2])
	fmt.Sscanf(than, "%d.%d.%d", &b[0], &b[1], &b[2])
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

// Now returns the time in UTC, to the microsecond that the database keeps.
func (db *DB) Now() time.Time { return db.now().UTC().Truncate(time.Microsecond) }

// Commits returns how often this process has committed. What was read is still
// so as long as the number is the same and no other process writes.
func (db *DB) Commits() uint64 { return db.writer.commits.Load() }

// Close closes all connections.
func (db *DB) Close() error {
	return errors.Join(db.read.closeAll(), db.writer.close())
}
