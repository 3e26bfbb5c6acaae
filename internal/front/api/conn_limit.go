package api

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// connLimit bounds the open connections of a listener, so that file descriptors
// remain for the database, the machines and the name server. At the bound it
// closes the connection that has been idle for the longest, and accepts the new
// one. If requests are under way on all connections, it closes the new one.
type connLimit struct {
	most int

	mu   sync.Mutex
	open map[*connInfo]activity
}

// activity is whether a request is under way on a connection.
type activity struct {
	busy  bool
	since time.Time // of the last change of busy
}

func newConnLimit(most int) *connLimit {
	return &connLimit{most: most, open: map[*connInfo]activity{}}
}

// admit adds a new connection, and closes an idle one if there are too many. It
// returns false if none is idle.
func (c *connLimit) admit(info *connInfo) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) >= c.most {
		var longest *connInfo
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
	c.open[info] = activity{since: time.Now()}
	return true
}

// remove removes a connection that is closed.
func (c *connLimit) remove(info *connInfo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, info)
}

// setBusy records that a request has begun on a connection, or has ended.
func (c *connLimit) setBusy(info *connInfo, busy bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.open[info]; ok {
		c.open[info] = activity{busy, time.Now()}
	}
}

// ConnState is for http.Server. For a connection that a listener of this package
// has accepted, it records when a request begins and ends.
func ConnState(conn net.Conn, state http.ConnState) {
	if state != http.StateActive && state != http.StateIdle {
		return
	}
	info := connInfoOf(conn)
	if info == nil {
		return
	}
	info.setIdle(state == http.StateIdle && !isHTTP2(conn))
	info.limit.setBusy(info, state == http.StateActive)
}

func isHTTP2(conn net.Conn) bool {
	secured, ok := conn.(*tls.Conn)
	return ok && secured.ConnectionState().NegotiatedProtocol == "h2"
}
