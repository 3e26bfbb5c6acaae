package api

import (
	"crypto/tls"
	"io"
	"net"
)

// Listener returns a listener with at most that many open connections. The
// server can look at them, to find out whether a client has got an answer.
func Listener(l net.Listener, most int) net.Listener { return listener{l, newCrowd(most)} }

// TLSListener is Listener for TLS, with HTTP/2 for clients that offer it.
func TLSListener(l net.Listener, config *tls.Config, most int) net.Listener {
	config = config.Clone()
	config.NextProtos = []string{"h2", "http/1.1"}
	return tls.NewListener(Listener(l, most), config)
}

type listener struct {
	net.Listener
	crowd *crowd
}

func (l listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		tcp, ok := c.(*net.TCPConn)
		if !ok {
			return c, err
		}
		connection := connection{tcp, &line{conn: tcp, crowd: l.crowd}}
		if l.crowd.enter(connection.line) {
			return connection, nil
		}
		_ = tcp.Close()
	}
}

// connection is a TCP connection that notes in its line what happens to it.
type connection struct {
	*net.TCPConn
	line *line
}

func (c connection) Read(p []byte) (int, error) {
	c.line.beginRead()
	n, err := c.TCPConn.Read(p)
	c.line.endRead(err)
	return n, err
}

func (c connection) Write(p []byte) (int, error) {
	if c.line.isFarewell() {
		c.line.awaitEnd()
	}
	c.line.beginWrite()
	n, err := c.TCPConn.Write(p)
	c.line.endWrite(n, err)
	return n, err
}

// ReadFrom is Write of what is read from r. Without it the server would write
// to the TCP connection underneath.
func (c connection) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{c}, r)
}

func (c connection) Close() error {
	c.line.close()
	c.line.crowd.leave(c.line)
	return c.TCPConn.Close()
}
