package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// writer is the one connection that writes. Transactions take turns on it. Those
// that queue up are committed together, as one transaction of the database,
// because a flush to disk takes longer than most of them.
type writer struct {
	backend   backend
	db        *sql.DB
	conn      *sql.Conn
	pool      *pool // of conn; nil while disconnected
	now       func() time.Time
	freeSpace func(full bool) // see WithFreeSpace
	commits   atomic.Uint64

	waiting atomic.Int64  // number of transactions that wait for turn
	turn    sync.Mutex    // guards the connection and the fields below
	open    *group        // that the next transaction joins; nil if there is none
	hooked  chan struct{} // closed when the hooks of all transactions so far have run
}

// group is transactions (parts) that share one transaction of the database. All
// parts but the first run in a savepoint, so that each can fail alone.
type group struct {
	began time.Time
	parts []*Tx         // that have succeeded, in order
	done  chan struct{} // closed when the transaction has ended
	err   error         // why it was rolled back; nil if it was committed
}

// openLimit is how long a group accepts more parts. It bounds how long the first
// part waits for its commit.
const openLimit = 10 * time.Millisecond

func newWriter(ctx context.Context, b backend, db *sql.DB, now func() time.Time, freeSpace func(full bool)) (*writer, error) {
	w := &writer{backend: b, db: db, now: now, freeSpace: freeSpace, hooked: make(chan struct{})}
	close(w.hooked)
	return w, w.connect(ctx)
}

func (w *writer) connect(ctx context.Context) error {
	conn, err := w.db.Conn(ctx)
	if err != nil {
		return err
	}
	w.conn, w.pool = conn, &pool{preparer: conn, backend: w.backend, close: conn.Close}
	return nil
}

// disconnect returns the connection to the pool of database/sql.
func (w *writer) disconnect() error {
	if w.pool == nil {
		return nil
	}
	err := w.pool.closeAll()
	w.pool = nil
	return err
}

// drop closes the connection. The pool of database/sql would keep it, because it
// does not know that the session can't be used.
func (w *writer) drop() {
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = w.disconnect()
}

// begin begins a transaction. On a full disk it frees space and tries again.
func (w *writer) begin(ctx context.Context) error {
	w.freeSpace(false)
	err := w.tryBegin(ctx)
	if sqliteFull(err) {
		w.freeSpace(true)
		err = w.tryBegin(ctx) // the transaction has done nothing yet
	}
	return err
}

// tryBegin begins a transaction, on a new connection if this one was lost.
func (w *writer) tryBegin(ctx context.Context) error {
	if w.pool != nil {
		err := w.backend.begin(ctx, w.pool)
		if err == nil || !w.backend.lost(err) {
			return err
		}
		w.drop()
	}
	if err := w.connect(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	return w.backend.begin(ctx, w.pool)
}

// take waits for the turn.
func (w *writer) take() {
	w.waiting.Add(1)
	w.turn.Lock()
	w.waiting.Add(-1)
}

func (w *writer) close() error {
	w.take()
	defer w.turn.Unlock()
	if w.open != nil {
		w.commit(context.Background())
	}
	return errors.Join(w.disconnect(), w.db.Close())
}

// write runs fn as a part of the open group, or of a new one, and returns when
// the group has ended. An error means that what fn did was rolled back.
func (w *writer) write(ctx context.Context, tx *Tx, fn func(tx *Tx) error) error {
	g, err := w.join(ctx, tx, fn)
	if g == nil {
		return err
	}
	<-g.done
	if g.err != nil { // also if fn failed: what it read was rolled back
		return g.err
	}
	return err
}

// join waits for the turn and runs fn. It leaves the group open if others wait
// for the turn; otherwise it commits the group.
func (w *writer) join(ctx context.Context, tx *Tx, fn func(tx *Tx) error) (*group, error) {
	w.take()
	defer w.turn.Unlock()
	if w.open == nil {
		if err := w.begin(ctx); err != nil {
			return nil, err
		}
		w.open = &group{began: w.now(), done: make(chan struct{})}
	}
	defer w.passOn(ctx) // also when fn panics
	g := w.open
	return g, w.run(ctx, g, tx, fn)
}

// run runs fn, and rolls back its part if it fails or panics.
func (w *writer) run(ctx context.Context, g *group, tx *Tx, fn func(tx *Tx) error) (err error) {
	succeeded := false
	defer func() {
		if !succeeded { // also when fn panics
			err = errors.Join(err, w.takeBack(ctx, g, err))
		}
	}()
	if len(g.parts) > 0 {
		if _, err := w.pool.exec(ctx, "SAVEPOINT part"); err != nil {
			return err
		}
	}
	tx.pool = w.pool
	if err := fn(tx); err != nil {
		return err
	}
	if len(g.parts) > 0 {
		if _, err := w.pool.exec(ctx, "RELEASE part"); err != nil {
			return err
		}
	}
	g.parts = append(g.parts, tx)
	succeeded = true
	return nil
}

// takeBack rolls back the part of a group that failed with reason. After some
// errors, such as a full disk, SQLite has rolled back the whole group itself.
func (w *writer) takeBack(ctx context.Context, g *group, reason error) error {
	if sqliteFull(reason) {
		w.freeSpace(true) // for the next transaction
	}
	if len(g.parts) == 0 {
		_, err := w.rollback(ctx)
		w.end(g, nil)
		return err
	}
	_, err := w.pool.exec(ctx, "ROLLBACK TO part")
	if err == nil {
		_, err = w.pool.exec(ctx, "RELEASE part")
	}
	if err != nil {
		already, rollback := w.rollback(ctx)
		if already {
			err = nil // the savepoint had ended with its transaction
		}
		w.end(g, errors.Join(reason, err, rollback))
	}
	return err
}

// rollback rolls the transaction back; already is true if the database had done
// so itself.
func (w *writer) rollback(ctx context.Context) (already bool, err error) {
	_, err = w.pool.exec(ctx, "ROLLBACK")
	if err != nil && w.backend.rolledBack(err) {
		return true, nil
	}
	return false, err
}

// passOn leaves the group open for the next transaction that waits for the turn,
// or commits it if none waits or openLimit has passed.
func (w *writer) passOn(ctx context.Context) {
	if w.open == nil || w.waiting.Load() > 0 && w.now().Sub(w.open.began) < openLimit {
		return
	}
	w.commit(ctx)
}

func (w *writer) commit(ctx context.Context) {
	g := w.open
	if err := w.backend.commit(ctx, w.conn); err != nil {
		if w.backend.lost(err) {
			w.commits.Add(1) // it may have been committed
		}
		if sqliteFull(err) {
			w.freeSpace(true) // for the next one
		}
		_, rollback := w.rollback(ctx)
		w.end(g, errors.Join(err, rollback))
		return
	}
	w.commits.Add(1)
	for _, tx := range g.parts {
		if len(tx.onCommit) > 0 {
			tx.before, w.hooked = w.hooked, make(chan struct{})
			tx.after = w.hooked
		}
	}
	w.end(g, nil)
}

// end wakes the parts of the open group, with its result.
func (w *writer) end(g *group, err error) {
	w.open, g.err = nil, err
	close(g.done)
}
