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

// writer is the one connection that writes. Writes take turns on it, but those
// that wait for each other are committed together: flushing the disk takes
// longer than most of them.
type writer struct {
	backend backend
	db      *sql.DB
	conn    *sql.Conn
	pool    *pool // of conn; nil while there is none
	now     func() time.Time
	room    func(full bool) // makes some on the disk
	commits atomic.Uint64

	waiting atomic.Int64  // how many want the turn
	turn    sync.Mutex    // of what follows, and of the connection
	open    *group        // nil if there is none
	hooked  chan struct{} // closed when the hooks of all writes so far have run
}

// group is writes that share one transaction of the database. Each but the
// first is in a savepoint while it runs, so that it can fail alone.
type group struct {
	began time.Time
	parts []*Tx         // that have succeeded, in their order
	done  chan struct{} // closed when the transaction has ended
	err   error         // why nothing of it is kept
}

// openLimit is how long a group stays open for those who wait. Who was early
// must not wait for everybody who is late.
const openLimit = 10 * time.Millisecond

func newWriter(ctx context.Context, b backend, db *sql.DB, now func() time.Time, room func(full bool)) (*writer, error) {
	w := &writer{backend: b, db: db, now: now, room: room, hooked: make(chan struct{})}
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

// disconnect gives up the connection.
func (w *writer) disconnect() error {
	if w.pool == nil {
		return nil
	}
	err := w.pool.closeAll()
	w.pool = nil
	return err
}

// drop ends the connection, which the pool of database/sql would keep: it can't
// know that its session is of no use.
func (w *writer) drop() {
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = w.disconnect()
}

// begin begins a transaction, and makes room on a full disk for that.
func (w *writer) begin(ctx context.Context) error {
	w.room(false)
	err := w.tryBegin(ctx)
	if sqliteFull(err) {
		w.room(true)
		err = w.tryBegin(ctx) // nothing has been done yet
	}
	return err
}

// tryBegin begins a transaction, by another connection if this one has been lost.
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

// take takes the turn.
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

// write runs fn as a part of the group that is open, or of a new one, and
// returns when the group has ended. An error means that nothing is kept of what
// fn did.
func (w *writer) write(ctx context.Context, tx *Tx, fn func(tx *Tx) error) error {
	g, err := w.join(ctx, tx, fn)
	if g == nil {
		return err
	}
	<-g.done
	if g.err != nil { // then what fn has read, and failed for, has never been
		return g.err
	}
	return err
}

// join runs fn when its turn has come. It leaves the group open if others wait
// for the turn, and commits it if not.
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

// run runs fn, and takes back what it did if it fails.
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

// takeBack undoes the part of a group that has failed for that reason. After
// some errors, as that of a full disk, SQLite has undone all of them.
func (w *writer) takeBack(ctx context.Context, g *group, reason error) error {
	if sqliteFull(reason) {
		w.room(true) // for the next one
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
			err = nil // the savepoint was gone with its transaction
		}
		w.end(g, errors.Join(reason, err, rollback))
	}
	return err
}

// rollback ends the transaction; already is true if the database had done so.
func (w *writer) rollback(ctx context.Context) (already bool, err error) {
	_, err = w.pool.exec(ctx, "ROLLBACK")
	if err != nil && w.backend.rolledBack(err) {
		return true, nil
	}
	return false, err
}

// passOn leaves the open group to the next who waits for the turn, or commits
// it.
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
			w.commits.Add(1) // nobody knows
		}
		if sqliteFull(err) {
			w.room(true) // for the next one
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

// end tells all parts of the open group what has become of it.
func (w *writer) end(g *group, err error) {
	w.open, g.err = nil, err
	close(g.done)
}
