// Package store keeps Rockpool's state in a database: it opens it, brings its
// tables up to date, and runs transactions. The queries themselves belong to
// the packages whose rows they touch.
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

// backend is what databases do each in their own way.
type backend interface {
	name() string // for people
	open(connections int) (*sql.DB, error)
	check(ctx context.Context, db *sql.DB) error // that it can be worked with
	migrations(db *sql.DB) (*goose.Provider, error)
	begin(ctx context.Context, on *pool) error // a transaction that may write, the only one
	commit(ctx context.Context, on *sql.Conn) error
	snapshot() *sql.TxOptions  // of a transaction that reads what was at one time
	args(given []any) []any    // as it can take them
	lost(err error) bool       // whether err may say that the connection is of no use any more
	rolledBack(err error) bool // whether the error of a ROLLBACK says that it was done already
	raiseSequence(ctx context.Context, tx *Tx, table string, id int64) error
}

func backendOf(source string) backend {
	if IsURL(source) {
		return postgres(source)
	}
	return sqliteFile(source)
}

// DB is an open database. It has one connection for writing, because there is
// one writer at a time, and a few for reading, which never wait for it.
type DB struct {
	backend backend
	writer  *writer
	read    *pool
	now     func() time.Time

	asItIs  bool         // the tables are
	lost    func()       // called when the claim is; nil if there is to be none
	unclaim func() error // nil without a claim
	folder  *os.File     // whose lock is held; nil if there is none
	room    func(full bool)
}

// readers is how many connections there are for reading.
const readers = 4

// Option changes how Open works.
type Option func(*DB)

// WithClock makes the database take its times from now.
func WithClock(now func() time.Time) Option {
	return func(db *DB) { db.now = now }
}

// WithRoom has makeRoom called before something is written to an SQLite
// database, and with full when the disk had no room for it.
func WithRoom(makeRoom func(full bool)) Option {
	return func(db *DB) { db.room = makeRoom }
}

// ErrNoTables says that no cloud has been started on the database yet.
var ErrNoTables = errors.New("it has no tables: first start the cloud")

// AsItIs leaves the tables as they are: Open fails if they are not those of
// this program, or if there is no file.
func AsItIs() Option {
	return func(db *DB) { db.asItIs = true }
}

// Open opens a database and brings its tables up to date. Its source is the
// URL of a PostgreSQL database, or the path of an SQLite file, which is made if
// it is not there.
func Open(ctx context.Context, source string, options ...Option) (*DB, error) {
	db := &DB{backend: backendOf(source), now: time.Now, room: func(bool) {}}
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
	if err := db.claimIt(ctx); err != nil {
		return err
	}
	write, err := db.backend.open(2) // migrations lock by a connection of its own
	if err != nil {
		return err
	}
	if err := db.prepare(ctx, write); err != nil {
		write.Close()
		return err
	}
	write.SetMaxOpenConns(1)
	if db.writer, err = newWriter(ctx, db.backend, write, db.now, db.room); err != nil {
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

// lockFolder keeps an SQLite database from being replaced as long as it is open.
func (db *DB) lockFolder(path string) (err error) {
	if db.asItIs {
		if _, err := os.Stat(path); err != nil { // to make it is the cloud's, and as its user
			return fmt.Errorf("%w: first start the cloud", err)
		}
	}
	db.folder, err = lockFolder(path, false)
	return err
}

// prepare checks the database and brings its tables up to date.
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

// Now returns the time in UTC, to the microsecond that the database keeps.
func (db *DB) Now() time.Time { return db.now().UTC().Truncate(time.Microsecond) }

// Commits returns how often this process has committed. What was read is still
// so as long as the number is the same and no other process writes.
func (db *DB) Commits() uint64 { return db.writer.commits.Load() }

// Close closes all connections.
func (db *DB) Close() error {
	err := errors.Join(db.read.closeAll(), db.writer.close())
	if db.backend.lost(err) {
		err = nil // what has been lost is closed
	}
	return errors.Join(err, db.release())
}

// release gives up the claim, or the folder's lock, when nothing of this process
// works on the database any more.
func (db *DB) release() error {
	var errs []error
	if db.unclaim != nil {
		errs = append(errs, db.unclaim())
	}
	if db.folder != nil {
		errs = append(errs, db.folder.Close())
	}
	return errors.Join(errs...)
}
