package dns

import (
	queue "container/list"
	"crypto/tls"
	"net"
	"net/netip"
	"sync"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/answer"
)

// conns are the open connections. Their number is limited, in total and for one
// client. A new connection over a limit replaces the one whose client has sent
// nothing for the longest time, so that idle clients do not keep others out.
type conns struct {
	total, perClient int

	mu      sync.Mutex
	closed  bool
	all     map[*conn]struct{}
	waiting *queue.List // *conn, by how long we have waited for their client
	clients map[netip.Addr]*client
}

type client struct {
	count   int
	waiting *queue.List // its *conn
}

// conn is an open connection.
type conn struct {
	net.Conn
	client    netip.Addr // or network
	transport answer.Transport
	place     *queue.Element // in conns.waiting; nil while its message is worked on
	own       *queue.Element // in client.waiting
}

// abort closes a connection at once. Over TLS it sends no close_notify, which would
// block if the client reads nothing.
func (c *conn) abort() {
	if secured, ok := c.Conn.(*tls.Conn); ok {
		_ = secured.NetConn().Close()
		return
	}
	_ = c.Conn.Close()
}

func newConns(total, perClient int) *conns {
	return &conns{
		total: total, perClient: perClient,
		all: map[*conn]struct{}{}, waiting: queue.New(), clients: map[netip.Addr]*client{},
	}
}

// clientOf returns what connections are counted by: an IPv4 address, or an IPv6
// /64, as one client has all of it.
func clientOf(remote netip.Addr) netip.Addr {
	if remote.Is6() {
		network, _ := remote.Prefix(64)
		return network.Addr()
	}
	return remote
}

// add adds a connection, if need be in place of another one. False if there is
// no room.
func (cs *conns) add(c *conn) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.closed {
		return false
	}
	own := cs.clients[c.client]
	if own == nil {
		own = &client{waiting: queue.New()}
	}
	switch {
	case own.count >= cs.perClient && !cs.evict(own.waiting):
		return false
	case len(cs.all) >= cs.total && !cs.evict(cs.waiting):
		return false
	}
	cs.clients[c.client] = own
	own.count++
	cs.all[c] = struct{}{}
	cs.wait(c)
	return true
}

// evict closes the connection of a list whose client has been idle the longest.
func (cs *conns) evict(waiting *queue.List) bool {
	longest := waiting.Front()
	if longest == nil {
		return false
	}
	c := longest.Value.(*conn)
	cs.drop(c)
	c.abort() // its goroutine sees that
	return true
}

// busy marks a connection as being answered: it is not evicted.
func (cs *conns) busy(c *conn) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.work(c)
}

// idle marks a connection as waiting for its client.
func (cs *conns) idle(c *conn) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if _, open := cs.all[c]; open && c.place == nil {
		cs.wait(c)
	}
}

// remove removes a connection.
func (cs *conns) remove(c *conn) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.drop(c)
}

// These need the lock.

func (cs *conns) wait(c *conn) {
	c.place = cs.waiting.PushBack(c)
	c.own = cs.clients[c.client].waiting.PushBack(c)
}

func (cs *conns) work(c *conn) {
	if c.place != nil {
		cs.waiting.Remove(c.place)
		cs.clients[c.client].waiting.Remove(c.own)
		c.place, c.own = nil, nil
	}
}

func (cs *conns) drop(c *conn) {
	if _, open := cs.all[c]; !open {
		return
	}
	cs.work(c)
	delete(cs.all, c)
	own := cs.clients[c.client]
	if own.count--; own.count == 0 {
		delete(cs.clients, c.client)
	}
}

// open returns how many connections are open.
func (cs *conns) open() int {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return len(cs.all)
}

// close lets no more connections in and calls f for each that is open.
func (cs *conns) close(f func(*conn)) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.closed = true
	for c := range cs.all {
		f(c)
	}
}
