package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Querier runs SQL: a transaction, or the database for a single read.
type Querier interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *sql.Row
}

// Tx is a transaction.
type Tx struct {
	pool     *pool
	now      time.Time
	onCommit []func()
}

// writer is the one connection that writes, and whose turn it is on it.
type writer struct {
	turn sync.Mutex
	db   *sql.DB
	conn *sql.Conn
	pool *pool
}

func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &writer{db: db, conn: conn, pool: &pool{preparer: conn, close: conn.Close}}, nil
}

func (w *writer) close() error {
	w.turn.Lock()
	defer w.turn.Unlock()
	return errors.Join(w.pool.closeAll(), w.db.Close())
}

// Write runs fn in a transaction that may write, and commits it when fn
// returns nil. The transaction is durable on disk when Write returns nil. It
// goes on when ctx ends: after a torn commit nobody could say whether it had
// happened. fn must not call Write.
func (db *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	tx := &Tx{pool: db.writer.pool}
	if err := db.write(ctx, tx, fn); err != nil {
		return err
	}
	for _, hook := range tx.onCommit {
		hook()
	}
	return nil
}

func (db *DB) write(ctx context.Context, tx *Tx, fn func(tx *Tx) error) (err error) {
	db.writer.turn.Lock()
	defer db.writer.turn.Unlock()
	if _, err := tx.Exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	committed := false
	defer func() {
		if !committed { // also when fn panics
			_, rollback := tx.Exec(ctx, "ROLLBACK")
			err = errors.Join(err, rollback)
		}
	}()
	tx.now = db.Now()
	if err := fn(tx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "COMMIT"); err != nil {
		return err
	}
	committed = true
	db.commits.Add(1)
	return nil
}

// Now returns the one time of this transaction.
func (tx *Tx) Now() time.Time { return tx.now }

// OnCommit has fn called after the transaction is committed, if it is.
func (tx *Tx) OnCommit(fn func()) { tx.onCommit = append(tx.onCommit, fn) }

// Exec runs a statement and returns how many rows it changed.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := tx.pool.exec(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// RaiseSequence makes the next id of a table larger than id. It is for ids that
// are known outside the database, and may be so to a newer copy of it.
func (tx *Tx) RaiseSequence(ctx context.Context, table string, id int64) error {
	n, err := tx.Exec(ctx, `UPDATE sqlite_sequence SET seq = max(seq, $2) WHERE name = $1`, table, id)
	if err == nil && n == 0 {
		_, err = tx.Exec(ctx, `INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)`, table, id)
	}
	return err
}

// Insert runs an INSERT with a RETURNING clause of one integer, and returns it.
func (tx *Tx) Insert(ctx context.Context, query string, args ...any) (int64, error) {
	var id int64
	err := tx.QueryRow(ctx, query, args...).Scan(&id)
	return id, err
}

// Query runs a query of many rows.
func (tx *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return tx.pool.query(ctx, query, args...)
}

// QueryRow runs a query of one row.
func (tx *Tx) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return tx.pool.queryRow(ctx, query, args...)
}

// Query reads many rows outside any transaction.
func (db *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return db.read.query(ctx, query, args...)
}

// QueryRow reads one row outside any transaction.
func (db *DB) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return db.read.queryRow(ctx, query, args...)
}

// Collect reads all rows with scan and closes them.
func Collect[T any](rows *sql.Rows, err error, scan func(Scanner) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []T{}
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// Scanner is a row that can be read: *sql.Row or *sql.Rows.
type Scanner interface{ Scan(dest ...any) error }

// IsFull reports whether err says that the disk has no room.
func IsFull(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_FULL
}

// IsUnique reports whether err says that a row would have broken a unique
// index.
func IsUnique(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) &&
		(e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}
