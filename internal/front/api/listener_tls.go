package api

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// handshakeTime is what a client has for its handshake.
const handshakeTime = 10 * time.Second

// TLSListener has the connections of a listener speak TLS, with HTTP/2 for
// clients that take it, and does for all others what Listener does. Their
// mistakes are logged at level debug.
//
// Go's HTTP server would do the handshake by itself, but only of a connection
// that nothing stands above of. So it is done here, beside Accept.
func TLSListener(l net.Listener, config *tls.Config, most int, log *slog.Logger) net.Listener {
	config = config.Clone()
	config.NextProtos = []string{"h2", "http/1.1"}
	t := &tlsListener{Listener: l, config: config, crowd: newCrowd(most), log: log, accepted: make(chan accepted)}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.wg.Go(t.run)
	return t
}

type tlsListener struct {
	net.Listener
	config   *tls.Config
	crowd    *crowd
	log      *slog.Logger
	accepted chan accepted
	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	wg       sync.WaitGroup
}

// accepted is what Accept returns.
type accepted struct {
	conn net.Conn
	err  error
}

func (l *tlsListener) Accept() (net.Conn, error) {
	select {
	case a := <-l.accepted:
		return a.conn, a.err
	case <-l.ctx.Done():
		return nil, net.ErrClosed
	}
}

// Close closes the connections as well that are not yet accepted.
func (l *tlsListener) Close() error {
	l.cancel()
	err := l.Listener.Close()
	l.wg.Wait()
	return err
}

// run accepts connections. After an error it goes on when Accept has returned
// that, so that the server's pause is its own.
func (l *tlsListener) run() {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			if !l.give(accepted{err: err}) {
				return
			}
			continue
		}
		if tcp, ok := raw.(*net.TCPConn); ok {
			connection := newConnection(tcp, l.crowd, false)
			if raw = connection; !l.crowd.enter(connection.line) {
				_ = tcp.Close()
				continue
			}
		}
		l.wg.Go(func() { l.shake(raw) })
	}
}

// give has Accept return something; false if it is not called any more.
func (l *tlsListener) give(a accepted) bool {
	select {
	case l.accepted <- a:
		return true
	case <-l.ctx.Done():
		return false
	}
}

// shake does the handshake of a connection.
func (l *tlsListener) shake(raw net.Conn) {
	ctx, cancel := context.WithTimeout(l.ctx, handshakeTime)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	c := tls.Server(raw, l.config)
	if err := c.Handshake(); err != nil {
		l.log.Debug("TLS handshake", "client", raw.RemoteAddr(), "error", err)
		answerPlain(err)
		_ = raw.Close()
		return
	}
	if !stop() {
		return // it has been closed
	}
	if !l.give(accepted{conn: above(c)}) {
		_ = raw.Close()
	}
}

// above returns what the server gets of a connection. Of HTTP/2 it is the
// connection itself: the server wants to see its kind, and gives no answers in
// plain text.
func above(c *tls.Conn) net.Conn {
	if c.ConnectionState().NegotiatedProtocol == "h2" {
		return c
	}
	return tlsConnection{c}
}

// tlsConnection is a connection that speaks HTTP/1 by TLS.
type tlsConnection struct{ *tls.Conn }

func (c tlsConnection) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if l := lineOf(c); l != nil {
		l.came(n > 0, nil) // what comes underneath may be of TLS itself
		if errors.Is(err, io.EOF) {
			l.awaitEnd()
		}
	}
	return n, err
}

func (c tlsConnection) Write(p []byte) (int, error) { return write(c.Conn, p) }

// answerPlain answers a client whose handshake has failed with this error, if
// it speaks HTTP without TLS.
func answerPlain(err error) {
	var record tls.RecordHeaderError
	if !errors.As(err, &record) || record.Conn == nil || record.RecordHeader[0] < 'A' || record.RecordHeader[0] > 'Z' {
		return // no method begins like that
	}
	_, _ = record.Conn.Write(refuse(apierr.BadRequest("This port speaks HTTPS, not HTTP; use https:// in the URL.")))
	if tcp, ok := record.Conn.(connection); ok {
		// Closing with something unread would take the answer back.
		_ = tcp.CloseWrite()
		_, _ = io.CopyN(io.Discard, tcp, maxBody)
	}
}
