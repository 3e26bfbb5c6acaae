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
	"sync"
	"time"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
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

	RateLimit    RateLimit // of answers by UDP
	CookieSecret [16]byte  // of DNS cookies, the same for all servers of an address; zero: random

	// Transfer answers AXFR and IXFR; nil refuses them. It may send several
	// messages; each is a reply to r.Msg and is signed if that was. Over UDP
	// only the first is sent. If it returns an error without having sent
	// anything the client gets SERVFAIL.
	Transfer func(ctx context.Context, r *Request, send func(*dns.Msg) error) error
	// Notify answers NOTIFY by an rcode; nil refuses it.
	Notify func(ctx context.Context, r *Request) (rcode int)
	// TSIG verifies and signs messages (RFC 8945); nil knows no key. Verify
	// returns dns.ErrSecret for a key that it does not know, dns.ErrSig or
	// dns.ErrKeyAlg for a signature that does not hold.
	TSIG dns.TsigProvider

	Registry prometheus.Registerer // gets the server's figures; nil: nobody does
	Log      *slog.Logger          // default: slog.Default()
}

// Transport is how a message came.
type Transport int

// The transports.
const (
	UDP Transport = iota
	TCP
	TLS
)

func (t Transport) String() string { return [...]string{"udp", "tcp", "tls"}[t] }

// Request is a message that a hook answers.
type Request struct {
	Msg       *dns.Msg
	Remote    netip.AddrPort
	Transport Transport
	Key       string // name of the TSIG key that has signed it, lower case with the final dot; "" if none has
}

// Server is an authoritative name server.
type Server struct {
	config  Config
	table   table
	limiter *limiter // nil: no bound
	metrics *metrics
	conns   *conns

	mu       sync.Mutex
	started  bool
	closed   bool
	udp      []*net.UDPConn
	tcp      []net.Listener
	tls      []net.Listener
	wg       sync.WaitGroup
	ctx      context.Context // of hooks; ends with Close
	cancel   context.CancelFunc
	sideways chan struct{} // bounds the messages by UDP that hooks work on
	proofs   chan struct{} // bounds the proofs that are signed for connections at a time
}

// New returns a server without zones. It answers after Start; zones may be
// put before, so that it never refuses what it has.
func New(config Config) (*Server, error) {
	if config.TLS == nil && len(config.TLSAddresses) > 0 {
		return nil, errors.New("dns: addresses for TLS, but no configuration of it")
	}
	config.fill()
	s := &Server{config: config, limiter: newLimiter(config.RateLimit), conns: newConns(config.Connections, config.PerClient), sideways: make(chan struct{}, maxSideways),
		proofs: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.metrics = newMetrics(&s.table, s.conns)
	if config.Registry != nil {
		if err := config.Registry.Register(s.metrics); err != nil {
			return nil, fmt.Errorf("dns: %w", err)
		}
	}
	return s, nil
}

// Put makes a zone what is given, whether it was there or not. When it has
// returned, queries are answered by it; until then by what was there. It
// refuses a zone without an SOA, with records outside of it or of another class
// than IN, or with a CNAME beside other records; then nothing changes. Nobody
// else may use the records while it runs: miekg/dns notes their lengths.
func (s *Server) Put(z zone.Zone) error { return s.table.put(z) }

// Apply changes a zone, at a price that depends on the change and hardly on the
// size of the zone. It is all or nothing: an answer is from before or after
// it. It refuses a change that removes what is not in the zone (with the same
// data; the TTL does not matter) or adds what is: the zone is then not what the
// caller thinks and has to be Put. ErrNoZone if the zone is not there.
func (s *Server) Apply(c zone.Change) error { return s.table.apply(c) }

// SetSigner has a zone signed by another signer, or by none if it is nil, until
// it is Put again. What the old one has signed is forgotten.
func (s *Server) SetSigner(origin string, by zone.Signer) error {
	return s.table.setSigner(origin, by)
}

// Remove removes a zone, and tells whether it was there.
func (s *Server) Remove(origin string) bool { return s.table.remove(origin) }

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
		s.wg.Go(func() { s.accept(l, TCP) })
	}
	for _, l := range s.tls {
		s.wg.Go(func() { s.accept(l, TLS) })
	}
	return nil
}

// Close stops answering: what has been read is answered, hooks are told to end.
// It returns when nothing of the server runs any more.
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
