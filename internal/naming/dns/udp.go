package dns

import (
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/answer"
)

// serveUDP answers what comes to one socket, many messages by each call of the
// kernel.
func (s *Server) serveUDP(conn *net.UDPConn) {
	defer conn.Close()
	w := s.responder.Worker(answer.UDP)
	b, err := newBatch(conn)
	if err != nil {
		s.config.Log.Error("name server: a socket can't be used", "error", err)
		return
	}
	for {
		n, err := b.receive()
		if err != nil {
			if s.ending() {
				return
			}
			s.config.Log.Error("name server: receive messages", "error", err)
			s.pause()
			continue
		}
		for i := range n {
			s.answerUDP(w, b, i)
		}
		b.send()
		w.Observe(time.Since(b.at), n)
	}
}

// answerUDP answers the i'th message of a batch.
func (s *Server) answerUDP(w *answer.Worker, b *batch, i int) {
	msg, remote := b.message(i)
	answer, slow := w.Handle(msg, b.room(), remote.Addr(), b.at)
	switch {
	case slow:
		s.goSlow(slices.Clone(msg), remote, b.writer(i))
	case answer != nil:
		b.add(i, answer)
	}
}

// pause waits after an error that may last, such as a lack of memory or files:
// trying again at once would only take the processor.
func (s *Server) pause() {
	select {
	case <-s.ctx.Done():
	case <-time.After(100 * time.Millisecond):
	}
}

func (s *Server) ending() bool { return s.ctx.Err() != nil }

// goSlow answers a message by UDP without keeping others waiting. If there are
// too many such messages it is dropped, as a network would.
func (s *Server) goSlow(msg []byte, remote netip.AddrPort, write func([]byte) error) {
	select {
	case s.slow <- struct{}{}:
	default:
		return
	}
	s.wg.Go(func() {
		defer func() { <-s.slow }()
		_ = s.responder.HandleSlow(s.ctx, msg, remote, answer.UDP, write)
	})
}
