package dns

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// accept takes connections of one listener.
func (s *Server) accept(l net.Listener, transport Transport) {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.config.Log.Error("name server: accept a connection", "error", err)
			select { // such as too many open files: others may close theirs
			case <-s.ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			_ = conn.Close()
			return
		}
		s.conns[conn] = struct{}{}
		s.wg.Go(func() { s.serveConn(conn, transport) })
		s.mu.Unlock()
	}
}

var messages = sync.Pool{New: func() any { return new([2 + dns.MaxMsgSize]byte) }}

// serveConn answers what comes by one connection, in its order.
func (s *Server) serveConn(conn net.Conn, transport Transport) {
	defer func() {
		_ = conn.Close()
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	}()
	remote := conn.RemoteAddr().(*net.TCPAddr).AddrPort()
	remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	in := bufio.NewReaderSize(conn, 512)
	w := s.worker(transport)
	for {
		_ = conn.SetReadDeadline(time.Now().Add(s.config.IdleTimeout))
		if s.ending() {
			return
		}
		if _, err := in.Peek(2); err != nil {
			return
		}
		_ = conn.SetReadDeadline(time.Now().Add(s.config.MessageTimeout))
		if err := s.exchange(conn, in, w, remote); err != nil {
			return
		}
	}
}

// exchange reads one message and answers it.
func (s *Server) exchange(conn net.Conn, in *bufio.Reader, w *worker, remote netip.AddrPort) error {
	query, answer := messages.Get().(*[2 + dns.MaxMsgSize]byte), messages.Get().(*[2 + dns.MaxMsgSize]byte)
	defer messages.Put(query)
	defer messages.Put(answer)
	if _, err := io.ReadFull(in, query[:2]); err != nil {
		return err
	}
	msg := query[2 : 2+int(binary.BigEndian.Uint16(query[:]))]
	if _, err := io.ReadFull(in, msg); err != nil {
		return err
	}
	write := func(raw []byte) error {
		_ = conn.SetWriteDeadline(time.Now().Add(s.config.MessageTimeout))
		framed := append(binary.BigEndian.AppendUint16(answer[:0], uint16(len(raw))), raw...)
		_, err := conn.Write(framed)
		return err
	}
	raw, sideways := w.handle(msg, answer[2:2], remote.Addr(), time.Now())
	if sideways {
		return s.aside(s.ctx, msg, remote, w.transport, write)
	}
	if raw == nil {
		return errors.New("not a query")
	}
	return write(raw)
}
