package dns

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/answer"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
)

// Config says how a Server serves. The zero value of each field but Addresses
// has a meaning.
type Config struct {
	Addresses    []netip.AddrPort // for UDP and TCP; 0.0.0.0 is all of IPv4, :: all of IPv6; port 0 is any, the same for both
	TLS          *tls.Config      // nil: no DNS over TLS (RFC 7858)
	TLSAddresses []netip.AddrPort

	Sockets        int           // UDP sockets an address; default: one a processor
	Connections    int           // most at a time, TCP and TLS together; default 20,000
	PerClient      int           // most at a time of one client: an IPv4 address or an IPv6 /64; default 1,000
	IdleTimeout    time.Duration // after which a connection without a query is closed; default 10 s
	MessageTimeout time.Duration // for a client to send, or take, one message; default 5 s

	Answers answer.Config // how messages are answered

	Registry prometheus.Registerer // of the metrics; nil: none
	Log      *slog.Logger          // default: slog.Default()
}

// Server is an authoritative name server.
type Server struct {
	config    Config
	responder *answer.Responder
	conns     *conns
	desks     [3]sync.Pool // of *desk, by transport

	mu      sync.Mutex
	started bool
	closed  bool
	udp     []*net.UDPConn
	tcp     []net.Listener
	tls     []net.Listener
	wg      sync.WaitGroup
	ctx     context.Context // of hooks; ends with Close
	cancel  context.CancelFunc
	slow    chan struct{} // limits how many messages by UDP are answered by HandleSlow at a time
}

// New returns a server of zones. It answers after Start. Zones that were put by
// then are never answered by REFUSED.
func New(zones *zonedata.Table, config Config) (*Server, error) {
	if config.TLS == nil && len(config.TLSAddresses) > 0 {
		return nil, errors.New("dns: addresses for TLS, but no configuration of it")
	}
	config.fill()
	s := &Server{
		config: config, responder: answer.New(zones, config.Answers, config.IdleTimeout),
		conns: newConns(config.Connections, config.PerClient), slow: make(chan struct{}, maxSlow),
	}
	for transport := range s.desks {
		s.desks[transport].New = func() any { return &desk{worker: s.responder.Worker(answer.Transport(transport))} }
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if config.Registry != nil {
		if err := config.Registry.Register(s.responder.Collector(s.conns.open)); err != nil {
			return nil, fmt.Errorf("dns: %w", err)
		}
	}
	return s, nil
}

// Start binds the addresses and answers until Close.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started || s.closed {
		return errors.New("dns: a server starts once")
	}
	if err := s.bind(); err != nil {
		s.unbind()
		return fmt.Errorf("dns: %w", err)
	}
	s.started = true
	for _, conn := range s.udp {
		s.wg.Go(func() { s.serveUDP(conn) })
	}
	for _, l := range s.tcp {
		s.wg.Go(func() { s.accept(l, answer.TCP) })
	}
	for _, l := range s.tls {
		s.wg.Go(func() { s.accept(l, answer.TLS) })
	}
	return nil
}

// Close stops the server. Messages that have been read are answered; the contexts
// of hooks end. It returns when no goroutine of the server runs any more.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.cancel()
	s.unbind()
	s.mu.Unlock()
	s.conns.close(func(c *conn) {
		_ = c.SetReadDeadline(time.Unix(1, 0)) // what is being answered goes out
	})
	s.wg.Wait()
	return nil
}

// Addresses returns where the server answers by UDP and TCP, with real ports.
func (s *Server) Addresses() []netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	return addresses(s.tcp)
}

// TLSAddresses returns where it answers by TLS.
func (s *Server) TLSAddresses() []netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	return addresses(s.tls)
}

func addresses(listeners []net.Listener) []netip.AddrPort {
	var all []netip.AddrPort
	for _, l := range listeners {
		all = append(all, l.Addr().(*net.TCPAddr).AddrPort())
	}
	return all
}
