package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// ErrClaimed says that another process has claimed the database.
var ErrClaimed = errors.New("another process works on this database already")

const (
	// claimInterval is how often a claim is looked after.
	claimInterval = 2 * time.Second
	// claimWait is how long a process waits for the one before it to be gone,
	// which PostgreSQL may notice later than we do.
	claimWait = 3 * time.Second
)

// Exclusive makes this process the one that does what the database says, as
// long as it has it open: Open fails with ErrClaimed if another one is. Lost is
// called if another one has come to be, which is possible when the database was
// away for a while. An SQLite database lies in a folder that one process has,
// so it is not asked for.
func Exclusive(lost func()) Option {
	return func(db *DB) { db.lost = lost }
}

// claimIt claims the database if that is wanted, before anything is changed.
func (db *DB) claimIt(ctx context.Context) error {
	p, ok := db.backend.(postgres)
	if !ok || db.lost == nil {
		return nil
	}
	on, err := p.open(1)
	if err != nil {
		return err
	}
	c := &claim{db: on}
	if err := c.make(ctx, claimWait); err != nil {
		return errors.Join(err, on.Close())
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if c.watch(watching) {
			db.lost()
		}
	}()
	db.unclaim = func() error {
		stop()
		<-ended
		return errors.Join(c.end(), on.Close())
	}
	return nil
}

// claim is a lock that a connection has until it ends.
type claim struct {
	db   *sql.DB
	conn *sql.Conn
}

// make makes the claim, or fails with ErrClaimed when it has waited so long for
// another process to end.
func (c *claim) make(ctx context.Context, wait time.Duration) (err error) {
	if c.conn, err = c.db.Conn(ctx); err != nil {
		return err
	}
	_, err = c.conn.ExecContext(ctx, fmt.Sprintf(`SET lock_timeout = %d`, wait.Milliseconds()))
	if err == nil {
		_, err = c.conn.ExecContext(ctx, fmt.Sprintf(`SELECT pg_advisory_lock(%d)`, serveLock))
	}
	if postgresCode(err) == "55P03" { // lock_not_available
		err = ErrClaimed
	}
	if err != nil {
		return errors.Join(err, c.conn.Close())
	}
	return nil
}

// end gives the claim up before its connection ends, so that nobody has to wait
// for PostgreSQL to notice. A connection that is lost has ended it already.
func (c *claim) end() error {
	if c.conn == nil {
		return nil
	}
	_, _ = c.conn.ExecContext(context.Background(), fmt.Sprintf(`SELECT pg_advisory_unlock(%d)`, serveLock))
	if err := c.conn.Close(); !errors.Is(err, sql.ErrConnDone) {
		return err
	}
	return nil
}

// watch makes the claim again when its connection has been lost, and returns
// true if somebody else has made it before; false when ctx ends.
func (c *claim) watch(ctx context.Context) bool {
	tick := time.NewTicker(claimInterval)
	defer tick.Stop()
	held := true
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
		if held {
			if c.conn.PingContext(ctx) == nil {
				continue
			}
			_ = c.conn.Close()
		}
		err := c.make(ctx, claimWait) // PostgreSQL may not have noticed yet that we were gone
		if errors.Is(err, ErrClaimed) {
			return true
		}
		held = err == nil
	}
}
