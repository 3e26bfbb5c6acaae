package store

import (
	"context"
	"database/sql"
)

// Snapshot runs fn with a Querier whose reads all see the database as it was at
// fn's first query. Others can write meanwhile. fn occupies one of the few
// connections for reading until it returns. It must be short, and read through q
// only: if all connections ran such functions, waiting for another one would
// last for ever.
func (db *DB) Snapshot(ctx context.Context, fn func(q Querier) error) error {
	ctx = context.WithoutCancel(ctx)
	tx, err := db.read.BeginTx(ctx, db.backend.snapshot())
	if err != nil {
		return err
	}
	s := &snapshot{pool: db.read, tx: tx}
	defer s.end(ctx)
	return fn(s)
}

// snapshot uses the pool's prepared statements. It prepares those that were
// missing when it ends, because that takes another connection.
type snapshot struct {
	pool   *pool
	tx     *sql.Tx
	missed []string
}

func (s *snapshot) end(ctx context.Context) {
	_ = s.tx.Rollback() // it has only read
	for _, query := range s.missed {
		_, _ = s.pool.stmt(ctx, query) // the next query with it reports the error
	}
}

// prepared returns a prepared statement of the pool; nil if there is none yet.
func (s *snapshot) prepared(ctx context.Context, query string) *sql.Stmt {
	if found, ok := s.pool.stmts.Load(query); ok {
		return s.tx.StmtContext(ctx, found.(*sql.Stmt))
	}
	s.missed = append(s.missed, query)
	return nil
}

func (s *snapshot) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx, args = context.WithoutCancel(ctx), s.pool.args(args)
	if stmt := s.prepared(ctx, query); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return s.tx.QueryContext(ctx, query, args...)
}

func (s *snapshot) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	ctx, args = context.WithoutCancel(ctx), s.pool.args(args)
	if stmt := s.prepared(ctx, query); stmt != nil {
		return stmt.QueryRowContext(ctx, args...)
	}
	return s.tx.QueryRowContext(ctx, query, args...)
}
