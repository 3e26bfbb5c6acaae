package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// ErrClaimed means that another process has claimed the database.
var ErrClaimed = errors.New("another process works on this database already")

const (
	// claimInterval is how often the lock's connection is checked.
	claimInterval = 2 * time.Second
	// claimWait is how long a process waits for the lock. PostgreSQL may notice
	// late that the connection of the process before has ended.
	claimWait = 3 * time.Second
)

// Exclusive claims a PostgreSQL database for this process: only one process
// may be the cloud that writes it. Open fails with ErrClaimed if another
// process has the claim. lost is called if another process takes the claim
// later, which is possible after the connection to the database was lost for
// a while. For SQLite it does nothing: the data folder has a lock of its own.
func Exclusive(lost func()) Option {
	return func(db *DB) { db.lost = lost }
}

// lockExclusive takes the claim, before anything is changed.
func (db *DB) lockExclusive(ctx context.Context) error {
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
	db.unlock = func() error {
		stop()
		<-ended
		return errors.Join(c.end(), on.Close())
	}
	return nil
}

// claim is the right of one process to write a database. It is an advisory
// lock of PostgreSQL, and lasts as long as its connection.
type claim struct {
	db   *sql.DB
	conn *sql.Conn
}

// make takes the claim. It fails with ErrClaimed if another process has it
// for longer than wait.
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

// end releases the claim before it closes the connection, because PostgreSQL
// may take longer to notice a closed connection. A lost connection has lost
// its claim.
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

// watch takes the claim again when its connection is lost. It returns true if
// another process was faster, and false when ctx ends.
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
		err := c.make(ctx, claimWait) // PostgreSQL may still have the lock of the lost connection
		if errors.Is(err, ErrClaimed) {
			return true
		}
		held = err == nil
	}
}
