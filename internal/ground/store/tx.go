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
	before, after chan struct{} // closed when the hooks of earlier transactions have run; when this one's have
}

// Write runs fn in a transaction that may write, and commits it if fn returns
// nil. When Write returns nil, the transaction is on disk. The end of ctx does
// not interrupt it: after an interrupted commit nobody would know whether it
// happened. fn must not call Write, nor wait for a goroutine that does.
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

// Now returns the time at which the transaction began. It is the same at each
// call.
func (tx *Tx) Now() time.Time { return tx.now }

// OnCommit registers fn to run after the transaction has been committed. The
// functions of transactions run in the order of the commits. fn may call Write,
// but that transaction must not call OnCommit: its function would wait for fn.
func (tx *Tx) OnCommit(fn func()) { tx.onCommit = append(tx.onCommit, fn) }

// Exec runs a statement and returns the number of rows it changed.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := tx.pool.exec(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// RaiseSequence makes the next id of a table larger than id. It is for ids that
// exist outside the database: after an older backup is restored, they must not
// be given out again.
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

// IsFull reports whether err means that the disk is full.
func IsFull(err error) bool { return sqliteFull(err) || postgresFull(err) }

// IsUnique reports whether err means that a row violates a unique index.
func IsUnique(err error) bool { return sqliteUnique(err) || postgresUnique(err) }

// IsAway reports whether err means that the database can't be reached, or can't
// do this now. A later attempt may succeed.
func IsAway(err error) bool { return postgresAway(err) }
