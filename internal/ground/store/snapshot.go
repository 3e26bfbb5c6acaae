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
	ctx = context.WithoutCancel(ctx)
	tx, err := db.read.BeginTx(ctx, db.backend.snapshot())
	if err != nil {
		return err
	}
	s := &snapshot{pool: db.read, tx: tx}
	defer s.end(ctx)
	return fn(s)
}

// snapshot reads by the pool's prepared statements. Those that it misses are
// prepared when it has ended, because that takes another connection.
type snapshot struct {
	pool   *pool
	tx     *sql.Tx
	missed []string
}

func (s *snapshot) end(ctx context.Context) {
	_ = s.tx.Rollback() // of what has only been read
	for _, query := range s.missed {
		_, _ = s.pool.stmt(ctx, query) // who needs it will be told what is wrong
	}
}

// prepared returns a statement of the pool's, nil if it has none yet.
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
