package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// preparer is a connection, or several of them.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	BeginTx(ctx context.Context, options *sql.TxOptions) (*sql.Tx, error)
}

// pool is connections with their prepared statements: for the small queries of
// an API, preparing costs more than running.
//
// No statement is broken off with its caller's context. It is short; half a
// transaction helps nobody; and the HTTP server takes a client that has only
// closed its half of the connection for one that has gone.
type pool struct {
	preparer
	backend
	close func() error
	stmts sync.Map // query text -> *sql.Stmt
}

func (p *pool) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if found, ok := p.stmts.Load(query); ok {
		return found.(*sql.Stmt), nil
	}
	stmt, err := p.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if found, lost := p.stmts.LoadOrStore(query, stmt); lost {
		return found.(*sql.Stmt), stmt.Close()
	}
	return stmt, nil
}

func (p *pool) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx = context.WithoutCancel(ctx)
	stmt, err := p.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, p.args(args)...)
}

func (p *pool) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx = context.WithoutCancel(ctx)
	stmt, err := p.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, p.args(args)...)
}

func (p *pool) queryRow(ctx context.Context, query string, args ...any) *sql.Row {
	ctx = context.WithoutCancel(ctx)
	stmt, err := p.stmt(ctx, query)
	if err != nil {
		// A row can't be made to carry an error: asking again without the
		// statement gives the same one inside it.
		return p.QueryRowContext(ctx, query, p.args(args)...)
	}
	return stmt.QueryRowContext(ctx, p.args(args)...)
}

func (p *pool) closeAll() error {
	var errs []error
	p.stmts.Range(func(_, stmt any) bool {
		errs = append(errs, stmt.(*sql.Stmt).Close())
		return true
	})
	return errors.Join(append(errs, p.close())...)
}
