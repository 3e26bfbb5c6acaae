package dns

import (
	"net"
	"net/netip"
	"slices"

	"github.com/miekg/dns"
)

// serveUDP answers what comes to one socket.
func (s *Server) serveUDP(conn *net.UDPConn) {
	defer conn.Close()
	w := &worker{server: s, transport: UDP}
	in, out := make([]byte, dns.MaxMsgSize), make([]byte, 0, maxUDP)
	for {
		n, remote, err := conn.ReadFromUDPAddrPort(in)
		if err != nil {
			if s.ending() {
				return
			}
			continue // such as an ICMP error for an answer
		}
		answer, sideways := w.handle(in[:n], out, remote)
		if sideways {
			s.goAside(slices.Clone(in[:n]), remote, func(msg []byte) error {
				_, err := conn.WriteToUDPAddrPort(msg, remote)
				return err
			})
		}
		if answer != nil {
			_, _ = conn.WriteToUDPAddrPort(answer, remote) // the client asks again
		}
	}
}

func (s *Server) ending() bool { return s.ctx.Err() != nil }

// goAside answers a message by UDP without keeping others waiting. If there are
// too many such messages it is dropped, as a network would.
func (s *Server) goAside(msg []byte, remote netip.AddrPort, write func([]byte) error) {
	select {
	case s.sideways <- struct{}{}:
	default:
		return
	}
	s.wg.Go(func() {
		defer func() { <-s.sideways }()
		_ = s.aside(s.ctx, msg, remote, UDP, write)
	})
}
