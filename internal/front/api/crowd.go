package api

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// crowd bounds the open connections of a listener, so that clients leave file
// descriptors for the database, machines and names. At the bound the connection
// that has been quiet for the longest makes room; requests under way are let
// finish, and if all have one, a new connection is closed.
type crowd struct {
	most int

	mu   sync.Mutex
	open map[*line]quiet
}

// quiet is what a crowd knows of a connection.
type quiet struct {
	busy  bool // a request is under way
	since time.Time
}

func newCrowd(most int) *crowd { return &crowd{most: most, open: map[*line]quiet{}} }

// enter takes a connection in; false if there is no room.
func (c *crowd) enter(l *line) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) >= c.most {
		var longest *line
		for other, state := range c.open {
			if !state.busy && (longest == nil || state.since.Before(c.open[longest].since)) {
				longest = other
			}
		}
		if longest == nil {
			return false
		}
		delete(c.open, longest)
		_ = longest.conn.Close()
	}
	c.open[l] = quiet{since: time.Now()}
	return true
}

func (c *crowd) leave(l *line) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, l)
}

// turns notes that a request begins on a connection, or has ended.
func (c *crowd) turns(l *line, busy bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.open[l]; ok {
		c.open[l] = quiet{busy, time.Now()}
	}
}

// ConnState is for http.Server: it tells a listener of this package which of
// its connections are quiet, and of each connection when a request begins.
func ConnState(conn net.Conn, state http.ConnState) {
	if state != http.StateActive && state != http.StateIdle {
		return
	}
	l := lineOf(conn)
	if l == nil {
		return
	}
	l.turns(state == http.StateIdle && !isHTTP2(conn))
	l.crowd.turns(l, state == http.StateActive)
}

func isHTTP2(conn net.Conn) bool {
	secured, ok := conn.(*tls.Conn)
	return ok && secured.ConnectionState().NegotiatedProtocol == "h2"
}
