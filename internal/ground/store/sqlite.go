package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"

	"github.com/pressly/goose/v3"
	"golang.org/x/sys/unix"
	"modernc.org/sqlite" // also the database/sql driver "sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// minSQLite is the first version without known bugs that corrupt a database with
// a write-ahead log.
const minSQLite = "3.51.3"

// sqliteFile is an SQLite database: the path of its file.
type sqliteFile string

func (f sqliteFile) name() string { return string(f) }

// create creates the file if it does not exist, readable by its owner only.
// SQLite would make it readable by all. The files that SQLite creates beside it
// get the same mode.
//
// create must not open the file. A process loses all its POSIX locks on a file
// when it closes any descriptor of it. Without SQLite's lock, the next program
// that closes the database removes the write-ahead log that this one uses.
func (f sqliteFile) create() error {
	err := unix.Mknod(string(f), unix.S_IFREG|0o600, 0)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return &fs.PathError{Op: "create", Path: string(f), Err: err}
}

func (f sqliteFile) open(connections int) (*sql.DB, error) {
	if err := f.create(); err != nil {
		return nil, err
	}
	query := url.Values{"_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
	}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: string(f)}).EscapedPath()+"?"+query.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

func (f sqliteFile) check(ctx context.Context, db *sql.DB) error {
	var version string
	if err := db.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&version); err != nil {
		return err
	}
	if older(version, minSQLite) {
		return fmt.Errorf("SQLite %s is too old: need %s", version, minSQLite)
	}
	return nil
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

func (f sqliteFile) migrations(db *sql.DB) (*goose.Provider, error) {
	return goose.NewProvider(goose.DialectSQLite3, db, migrations{})
}

func (f sqliteFile) begin(ctx context.Context, on *pool) error {
	_, err := on.exec(ctx, `BEGIN IMMEDIATE`)
	return err
}

func (f sqliteFile) commit(ctx context.Context, on *sql.Conn) error {
	_, err := on.ExecContext(context.WithoutCancel(ctx), "COMMIT")
	return err
}

func (f sqliteFile) snapshot() *sql.TxOptions { return &sql.TxOptions{ReadOnly: true} }

func (f sqliteFile) args(given []any) []any { return given }

func (f sqliteFile) lost(error) bool { return false }

func (f sqliteFile) raiseSequence(ctx context.Context, tx *Tx, table string, id int64) error {
	n, err := tx.Exec(ctx, `UPDATE sqlite_sequence SET seq = max(seq, $2) WHERE name = $1`, table, id)
	if err == nil && n == 0 {
		_, err = tx.Exec(ctx, `INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)`, table, id)
	}
	return err
}

func sqliteCode(err error) int {
	if e := new(sqlite.Error); errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// sqliteFull reports whether err means that the database or its log can't grow,
// or that its file of shared memory can't, for which SQLite has another code.
func sqliteFull(err error) bool {
	code := sqliteCode(err)
	return code&0xff == sqlite3.SQLITE_FULL || code == sqlite3.SQLITE_IOERR_SHMSIZE
}

// rolledBack is true if there was no transaction. SQLite rolls back by itself
// after a full disk and some other errors.
func (f sqliteFile) rolledBack(err error) bool {
	return sqliteCode(err) == sqlite3.SQLITE_ERROR && strings.Contains(err.Error(), "no transaction is active")
}

func sqliteUnique(err error) bool {
	code := sqliteCode(err)
	return code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}
