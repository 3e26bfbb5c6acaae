package store

import (
	"context"
	"database/sql"
)

// Snapshot runs fn on the database as it is at the time of fn's first query,
// whatever is committed meanwhile. It keeps nobody from writing. fn has one of
// the few connections for reading until it returns, so it must be short, and
// read through q only: were it to wait for another connection, it could wait
// for ever.
func (db *DB) Snapshot(ctx context.Context, fn func(q Querier) error) error {
	tx, err := db.read.BeginTx(context.WithoutCancel(ctx), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback() // of what has only been read
	return fn(snapshot{tx})
}

// snapshot has no prepared statements: preparing them would take another
// connection.
type snapshot struct{ tx *sql.Tx }

func (s snapshot) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s.tx.QueryContext(context.WithoutCancel(ctx), query, args...)
}

func (s snapshot) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return s.tx.QueryRowContext(context.WithoutCancel(ctx), query, args...)
}
