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

// claimInterval is how often a claim is looked after.
const claimInterval = 2 * time.Second

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
	if err := c.make(ctx); err != nil {
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
		return on.Close()
	}
	return nil
}

// claim is a lock that a connection has until it ends.
type claim struct {
	db   *sql.DB
	conn *sql.Conn
}

func (c *claim) make(ctx context.Context) (err error) {
	if c.conn, err = c.db.Conn(ctx); err != nil {
		return err
	}
	var got bool
	err = c.conn.QueryRowContext(ctx, fmt.Sprintf(`SELECT pg_try_advisory_lock(%d)`, serveLock)).Scan(&got)
	if err == nil && !got {
		err = ErrClaimed
	}
	if err != nil {
		return errors.Join(err, c.conn.Close())
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
		err := c.make(ctx)
		if errors.Is(err, ErrClaimed) {
			return true
		}
		held = err == nil
	}
}
