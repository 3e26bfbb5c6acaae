package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// preparer is one connection (sql.Conn) or several (sql.DB).
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	BeginTx(ctx context.Context, options *sql.TxOptions) (*sql.Tx, error)
}

// pool is connections with prepared statements: to prepare a small query costs
// more than to run it.
//
// Statements go on when the caller's context ends. They are short, and the HTTP
// server also ends the context of a client that has only closed its half of the
// connection and still waits for the answer.
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
		// Nobody but database/sql can create a Row with an error. The same query
		// without a prepared statement returns one with the same error.
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
