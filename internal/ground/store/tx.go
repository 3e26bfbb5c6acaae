package store

import (
	"context"
	"database/sql"
	"time"
)

// Querier runs SQL: a transaction, or the database for a single read.
type Querier interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *sql.Row
}

// Tx is a transaction.
type Tx struct {
	backend       backend
	pool          *pool
	now           time.Time
	onCommit      []func()
	before, after chan struct{} // closed when the hooks of the writes before have run, and these
}

// Write runs fn in a transaction that may write, and commits it when fn
// returns nil. The transaction is durable on disk when Write returns nil. It
// goes on when ctx ends: after a torn commit nobody could say whether it had
// happened. fn must not call Write, nor wait for anybody who does.
func (db *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	tx := &Tx{backend: db.backend}
	err := db.writer.write(ctx, tx, func(tx *Tx) error {
		tx.now = db.Now()
		return fn(tx)
	})
	if err == nil && len(tx.onCommit) > 0 {
		tx.runHooks()
	}
	return err
}

func (tx *Tx) runHooks() {
	<-tx.before
	defer close(tx.after) // also when a hook panics
	for _, hook := range tx.onCommit {
		hook()
	}
}

// Now returns the one time of this transaction.
func (tx *Tx) Now() time.Time { return tx.now }

// OnCommit has fn called after the transaction is committed, if it is, when
// what earlier transactions want called has been. fn may call Write, but for
// nothing with a call of OnCommit.
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
	return tx.backend.raiseSequence(ctx, tx, table, id)
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
func IsFull(err error) bool { return sqliteFull(err) || postgresFull(err) }

// IsUnique reports whether err says that a row would have broken a unique
// index.
func IsUnique(err error) bool { return sqliteUnique(err) || postgresUnique(err) }

// IsAway reports whether err says that the database can't be reached, or can't do
// it now: the same may succeed later.
func IsAway(err error) bool { return postgresAway(err) }
