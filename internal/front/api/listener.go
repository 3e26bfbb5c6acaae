package api

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"
)

// Listener returns a listener with at most that many open connections. It records
// what happens to each of them, from which the API infers whether a client has
// received an answer.
func Listener(l net.Listener, most int) net.Listener { return listener{l, newConnLimit(most)} }

// TLSListener is Listener for TLS, with HTTP/2 for clients that offer it.
func TLSListener(l net.Listener, config *tls.Config, most int) net.Listener {
	config = config.Clone()
	config.NextProtos = []string{"h2", "http/1.1"}
	return tls.NewListener(Listener(l, most), config)
}

type listener struct {
	net.Listener
	limit *connLimit
}

func (l listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		tcp, ok := c.(*net.TCPConn)
		if !ok {
			return c, err
		}
		connection := connection{tcp, &connInfo{conn: tcp, limit: l.limit}}
		if l.limit.admit(connection.info) {
			return connection, nil
		}
		_ = tcp.Close()
	}
}

// connection is a TCP connection that records in its info what happens to it.
type connection struct {
	*net.TCPConn
	info *connInfo
}

func (c connection) Read(p []byte) (int, error) {
	c.info.beginRead()
	n, err := c.TCPConn.Read(p)
	c.info.endRead(err)
	return n, err
}

func (c connection) Write(p []byte) (int, error) {
	if c.info.mayBeCloseNotify() {
		c.info.awaitEnd()
	}
	c.info.beginWrite()
	n, err := c.TCPConn.Write(p)
	c.info.endWrite(n, err)
	return n, err
}

// ReadFrom writes what it reads from r. Without this method the server would
// write to the embedded TCP connection, and Write would not see it.
func (c connection) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{c}, r)
}

func (c connection) SetReadDeadline(deadline time.Time) error {
	return c.info.setReadDeadline(deadline)
}

func (c connection) SetDeadline(deadline time.Time) error {
	return errors.Join(c.SetReadDeadline(deadline), c.SetWriteDeadline(deadline))
}

func (c connection) Close() error {
	c.info.close()
	c.info.limit.remove(c.info)
	return c.TCPConn.Close()
}
