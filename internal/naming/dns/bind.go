package dns

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const maxSlow = 64

func (c *Config) fill() {
	if c.Sockets == 0 {
		c.Sockets = runtime.GOMAXPROCS(0)
	}
	if c.Connections == 0 {
		c.Connections = 20_000
	}
	if c.PerClient == 0 {
		c.PerClient = 1_000
	}
	if c.IdleTimeout == 0 {
		c.IdleTimeout = 10 * time.Second
	}
	if c.MessageTimeout == 0 {
		c.MessageTimeout = 5 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
}

// bind binds all addresses.
func (s *Server) bind() error {
	for _, address := range s.config.Addresses {
		if err := s.bindPair(address); err != nil {
			return err
		}
	}
	for _, address := range s.config.TLSAddresses {
		listener, err := net.Listen(family("tcp", address), address.String())
		if err != nil {
			return err
		}
		config := s.config.TLS.Clone()
		config.NextProtos = []string{"dot"}
		s.tls = append(s.tls, tls.NewListener(listener, config))
	}
	return nil
}

// bindPair binds an address for TCP and UDP. If any port will do it looks for
// one that is free for both.
func (s *Server) bindPair(address netip.AddrPort) error {
	for tries := 1; ; tries++ {
		listener, err := net.Listen(family("tcp", address), address.String())
		if err != nil {
			return err
		}
		conns, err := s.bindUDP(listener.Addr().(*net.TCPAddr).AddrPort())
		if err == nil {
			s.tcp, s.udp = append(s.tcp, listener), append(s.udp, conns...)
			return nil
		}
		_ = listener.Close()
		if address.Port() != 0 || tries == 10 || !errors.Is(err, unix.EADDRINUSE) {
			return err
		}
	}
}

// bindUDP binds the sockets of an address; the kernel spreads the clients over
// them.
func (s *Server) bindUDP(address netip.AddrPort) (conns []*net.UDPConn, _ error) {
	for range s.config.Sockets {
		conn, err := listenUDP(address)
		if err != nil {
			for _, conn := range conns {
				_ = conn.Close()
			}
			return nil, err
		}
		conns = append(conns, conn)
	}
	return conns, nil
}

// family returns a network's name for exactly the kind of an address.
func family(network string, address netip.AddrPort) string {
	if address.Addr().Is4() {
		return network + "4"
	}
	return network + "6"
}

func listenUDP(address netip.AddrPort) (*net.UDPConn, error) {
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) {
			failed = configure(int(fd), address.Addr())
		})
		if err != nil {
			return err
		}
		return failed
	}}
	conn, err := config.ListenPacket(context.Background(), family("udp", address), address.String())
	if err != nil {
		return nil, err
	}
	udp, ok := conn.(*net.UDPConn)
	if !ok {
		return nil, fmt.Errorf("%s: not a UDP socket", address)
	}
	_ = udp.SetReadBuffer(socketBuffer) // as far as the kernel allows
	_ = udp.SetWriteBuffer(socketBuffer)
	return udp, nil
}

// socketBuffer is how many bytes of messages may wait while all processors are
// busy.
const socketBuffer = 1 << 20

// configure sets the options of a UDP socket of an address.
func configure(fd int, address netip.Addr) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return err
	}
	// Answers are short enough for any network. Forged ICMP messages must not
	// cause fragments, which help to poison caches.
	if address.Is4() {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_OMIT)
	} else {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_OMIT)
	}
	if address.IsUnspecified() {
		return receiveDestinations(fd, address)
	}
	return nil
}

// receiveDestinations makes a socket of all addresses return the destination of
// each message: the answer has to come from that address.
func receiveDestinations(fd int, address netip.Addr) error {
	if address.Is4() {
		return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
	}
	return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
}

// unbind closes all sockets. Readers of them end.
func (s *Server) unbind() {
	for _, conn := range s.udp {
		_ = conn.SetReadDeadline(time.Unix(1, 0)) // what has been read is answered
	}
	for _, l := range append(s.tcp, s.tls...) {
		_ = l.Close()
	}
	if !s.started {
		for _, conn := range s.udp {
			_ = conn.Close()
		}
	}
}
