package guesthttp

import (
	"net"
	"sync"
)

// boundedListener allows a number of open connections. It closes every further
// one as soon as it has accepted it.
type boundedListener struct {
	net.Listener
	slots chan struct{} // has a value for each open connection
}

func newBoundedListener(l net.Listener, connections int) net.Listener {
	return &boundedListener{l, make(chan struct{}, connections)}
}

// Accept returns the next connection within the bound.
func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.slots <- struct{}{}:
			return &boundedConn{Conn: conn, free: func() { <-l.slots }}, nil
		default:
			conn.Close()
		}
	}
}

type boundedConn struct {
	net.Conn
	once sync.Once
	free func()
}

// Close makes room for another connection.
func (c *boundedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.free)
	return err
}
