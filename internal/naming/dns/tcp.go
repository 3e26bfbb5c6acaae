package dns

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/answer"
)

const (
	readAhead   = 1024 // bytes of a connection's input that are kept
	longestTCP  = 4096 // message that is read: no query is longer
	writeBehind = 4096 // bytes of answers that are kept while more queries are there
)

// accept takes connections of one listener.
func (s *Server) accept(l net.Listener, transport answer.Transport) {
	for {
		raw, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.config.Log.Error("name server: accept a connection", "error", err)
			s.pause()
			continue
		}
		remote := raw.RemoteAddr().(*net.TCPAddr).AddrPort()
		remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
		c := &conn{Conn: raw, client: clientOf(remote.Addr()), transport: transport}
		if !s.conns.add(c) {
			_ = raw.Close()
			continue
		}
		s.wg.Go(func() { s.serveConn(c, remote) })
	}
}

// serveConn answers what comes by one connection, in its order.
func (s *Server) serveConn(c *conn, remote netip.AddrPort) {
	defer func() {
		_ = c.Close()
		s.conns.remove(c)
	}()
	d := dialog{server: s, conn: c, remote: remote, in: bufio.NewReaderSize(c, readAhead)}
	for d.exchange() == nil {
	}
	_ = d.flush() // what was answered before the message that ended it
}

// dialog reads the messages of one connection and writes their answers.
type dialog struct {
	server *Server
	conn   *conn
	remote netip.AddrPort
	in     *bufio.Reader
	out    []byte // answers not yet written
}

// errEnding is the cause of not waiting any longer.
var errEnding = errors.New("the server is closing")

// patience sets the deadline for the next input. It applies to writing too: to
// get input TLS may have to write, in its handshake and for new keys.
func (d *dialog) patience(t time.Duration) error {
	_ = d.conn.SetDeadline(time.Now().Add(t))
	if d.server.ending() {
		return errEnding // Close may have set its deadline before
	}
	return nil
}

// exchange reads one message and answers it.
func (d *dialog) exchange() error {
	if d.in.Buffered() == 0 {
		if err := d.patience(d.server.config.IdleTimeout); err != nil {
			return err
		}
		if _, err := d.in.Peek(1); err != nil {
			return err
		}
	}
	if err := d.patience(d.server.config.MessageTimeout); err != nil {
		return err
	}
	msg, err := d.read()
	if err != nil {
		return err
	}
	d.server.conns.busy(d.conn)
	defer d.server.conns.idle(d.conn)
	if err := d.answer(msg); err != nil {
		return err
	}
	if d.more() && len(d.out) < writeBehind {
		return nil // several answers go out together
	}
	return d.flush()
}

// read reads a message. It takes no more memory than has come.
func (d *dialog) read() ([]byte, error) {
	head, err := d.in.Peek(2)
	if err != nil {
		return nil, err
	}
	length := int(binary.BigEndian.Uint16(head))
	if length > longestTCP {
		return nil, errors.New("too long for a query")
	}
	_, _ = d.in.Discard(2) // which are there
	if length > readAhead {
		msg := make([]byte, length)
		_, err := io.ReadFull(d.in, msg)
		return msg, err
	}
	msg, err := d.in.Peek(length)
	if err != nil {
		return nil, err
	}
	// What was peeked stays as it is until the next read.
	_, _ = d.in.Discard(length)
	return msg, nil
}

// more reports whether the next message has been received.
func (d *dialog) more() bool {
	if d.in.Buffered() < 2 {
		return false
	}
	head, _ := d.in.Peek(2)
	return d.in.Buffered() >= 2+int(binary.BigEndian.Uint16(head))
}

// desk is a worker and a buffer. There are about as many as processors, not as
// connections.
type desk struct {
	worker *answer.Worker
	answer [dns.MaxMsgSize]byte
}

// answer answers a message.
func (d *dialog) answer(msg []byte) error {
	began := time.Now()
	desks := &d.server.desks[d.conn.transport]
	desk := desks.Get().(*desk)
	raw, slow := desk.worker.Handle(msg, desk.answer[:0], d.remote.Addr(), began)
	answered := raw != nil
	if answered {
		d.out = append(binary.BigEndian.AppendUint16(d.out, uint16(len(raw))), raw...)
		desk.worker.Observe(time.Since(began), 1)
	}
	desks.Put(desk)
	switch {
	case slow:
		if err := d.flush(); err != nil {
			return err
		}
		return d.server.responder.HandleSlow(d.server.ctx, slices.Clone(msg), d.remote, d.conn.transport, d.write)
	case !answered:
		return errors.New("not a query")
	}
	return nil
}

// write writes a message at once.
func (d *dialog) write(raw []byte) error {
	d.out = append(binary.BigEndian.AppendUint16(d.out, uint16(len(raw))), raw...)
	return d.flush()
}

// flush writes the answers that are kept.
func (d *dialog) flush() error {
	if len(d.out) == 0 {
		return nil
	}
	_ = d.conn.SetWriteDeadline(time.Now().Add(d.server.config.MessageTimeout))
	_, err := d.conn.Write(d.out)
	if d.out = d.out[:0]; cap(d.out) > writeBehind {
		d.out = nil
	}
	return err
}
