// Package store opens Rockpool's database, migrates its tables, and runs
// transactions. The queries are in the packages that own the tables.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/pressly/goose/v3"
)

// backend is what differs between SQLite and PostgreSQL.
type backend interface {
	name() string // for messages, without a password
	open(connections int) (*sql.DB, error)
	check(ctx context.Context, db *sql.DB) error // fails if its version is too old
	migrations(db *sql.DB) (*goose.Provider, error)
	begin(ctx context.Context, on *pool) error // a transaction that writes; one at a time
	commit(ctx context.Context, on *sql.Conn) error
	snapshot() *sql.TxOptions  // for a transaction whose reads all see one state
	args(given []any) []any    // with texts that it can store
	lost(err error) bool       // whether the connection can't be used after err
	rolledBack(err error) bool // whether a ROLLBACK failed with err because there was no transaction
	raiseSequence(ctx context.Context, tx *Tx, table string, id int64) error
}

func backendOf(source string) backend {
	if IsURL(source) {
		return postgres(source)
	}
	return sqliteFile(source)
}

// DB is an open database. It has one connection for writing, because only one
// transaction can write at a time, and a few for reading. Reads do not wait for
// writes.
type DB struct {
	backend backend
	writer  *writer
	read    *pool
	now     func() time.Time

	asItIs    bool            // do not migrate
	lost      func()          // called when another process took the claim; nil: do not claim
	unlock    func() error    // releases the claim of Exclusive; nil without one
	folder    *os.File        // with the lock of an SQLite database; nil for PostgreSQL
	freeSpace func(full bool) // see WithFreeSpace
}

// readers is the number of connections for reading.
const readers = 4

// Option changes how Open works.
type Option func(*DB)

// WithClock makes the database take its times from now.
func WithClock(now func() time.Time) Option {
	return func(db *DB) { db.now = now }
}

// WithFreeSpace sets a function that frees disk space. It is called before each
// transaction that writes, and with full set after SQLite found the disk full.
func WithFreeSpace(freeSpace func(full bool)) Option {
	return func(db *DB) { db.freeSpace = freeSpace }
}

// ErrNoTables means that the database is empty: no cloud has used it yet.
var ErrNoTables = errors.New("it has no tables: first start the cloud")

// AsItIs opens an existing database without migrating it. Open fails if the
// tables are of another version than this program's, or if there is no database.
func AsItIs() Option {
	return func(db *DB) { db.asItIs = true }
}

// Open opens a database and migrates its tables. The source is the URL of a
// PostgreSQL database, or the path of an SQLite file, which is created if it
// does not exist.
func Open(ctx context.Context, source string, options ...Option) (*DB, error) {
	db := &DB{backend: backendOf(source), now: time.Now, freeSpace: func(bool) {}}
	for _, option := range options {
		option(db)
	}
	if err := db.open(ctx); err != nil {
		err = errors.Join(err, db.release())
		return nil, fmt.Errorf("open database %s: %w", db.backend.name(), err)
	}
	return db, nil
}

func (db *DB) open(ctx context.Context) error {
	if file, ok := db.backend.(sqliteFile); ok {
		if err := db.lockFolder(string(file)); err != nil {
			return err
		}
	}
	if err := db.lockExclusive(ctx); err != nil {
		return err
	}
	write, err := db.backend.open(2) // goose takes a second one for its lock
	if err != nil {
		return err
	}
	if err := db.prepare(ctx, write); err != nil {
		write.Close()
		return err
	}
	write.SetMaxOpenConns(1)
	if db.writer, err = newWriter(ctx, db.backend, write, db.now, db.freeSpace); err != nil {
		write.Close()
		return err
	}
	read, err := db.backend.open(readers)
	if err != nil {
		db.writer.close()
		return err
	}
	db.read = &pool{preparer: read, backend: db.backend, close: read.Close}
	return nil
}

// lockFolder keeps store.Restore from replacing an SQLite database while it is
// open.
func (db *DB) lockFolder(path string) (err error) {
	if db.asItIs {
		if _, err := os.Stat(path); err != nil { // only the cloud creates it, as its own user
			return fmt.Errorf("%w: first start the cloud", err)
		}
	}
	db.folder, err = lockFolder(path, false)
	return err
}

// prepare checks the database's version and migrates its tables.
func (db *DB) prepare(ctx context.Context, on *sql.DB) error {
	if err := db.backend.check(ctx, on); err != nil {
		return err
	}
	provider, err := db.backend.migrations(on)
	if err != nil {
		return err
	}
	if !db.asItIs {
		_, err = provider.Up(ctx)
		return err
	}
	has, wants, err := provider.GetVersions(ctx)
	if err == nil && has == 0 {
		return ErrNoTables
	}
	if err == nil && has != wants {
		err = fmt.Errorf("its tables are of version %d, this program's of version %d: first start the cloud in this program's version", has, wants)
	}
	return err
}

// Now returns the time in UTC, in whole microseconds, as the database stores it.
func (db *DB) Now() time.Time { return db.now().UTC().Truncate(time.Microsecond) }

// Commits returns the number of transactions that this process has committed. A
// cached result of a read is valid while the number stays the same, if no other
// process writes.
func (db *DB) Commits() uint64 { return db.writer.commits.Load() }

// Close closes all connections.
func (db *DB) Close() error {
	err := errors.Join(db.read.closeAll(), db.writer.close())
	if db.backend.lost(err) {
		err = nil // a lost connection is closed
	}
	return errors.Join(err, db.release())
}

// release releases the claim of Exclusive and the lock of the folder. All
// connections must be closed before.
func (db *DB) release() error {
	var errs []error
	if db.unlock != nil {
		errs = append(errs, db.unlock())
	}
	if db.folder != nil {
		errs = append(errs, db.folder.Close())
	}
	return errors.Join(errs...)
}
