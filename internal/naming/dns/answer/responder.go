package answer

import (
	"context"
	"crypto/rand"
	"net/netip"
	"runtime"
	"time"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
)

// Config says how messages are answered. The zero value of each field has a
// meaning.
type Config struct {
	RateLimit    RateLimit // of answers by UDP
	CookieSecret [16]byte  // of DNS cookies, the same for all servers of an address; zero: random

	// Transfer answers AXFR and IXFR; nil: they are answered REFUSED. It may
	// send several messages. Each is a reply to r.Msg, and is signed if that
	// was. Over UDP only the first is sent. If it returns an error without
	// having sent anything the client gets SERVFAIL.
	Transfer func(ctx context.Context, r *Request, send func(*dns.Msg) error) error
	// Notify answers NOTIFY by an rcode; nil: it is answered REFUSED.
	Notify func(ctx context.Context, r *Request) (rcode int)
	// TSIG verifies and signs messages (RFC 8945); nil knows no key. Verify
	// returns dns.ErrSecret for a key that it does not know, dns.ErrSig or
	// dns.ErrKeyAlg for a signature that is not valid.
	TSIG dns.TsigProvider
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

// Request is a message that Transfer or Notify answers.
type Request struct {
	Msg       *dns.Msg
	Remote    netip.AddrPort
	Transport Transport
	Key       string // name of the TSIG key that has signed it, lower case with the final dot; "" if none has
}

// Responder answers messages from a table of zones.
type Responder struct {
	config  Config
	table   *zonedata.Table
	idle    uint16   // time after which an idle connection is closed, in tenths of a second
	limiter *limiter // nil: answers by UDP are not limited
	metrics *metrics
	proofs  chan struct{} // limits how many workers of connections sign proofs at a time
}

// New returns what answers from zones. Clients that ask for it are told after
// which time without a query their connection is closed (RFC 7828).
func New(zones *zonedata.Table, config Config, idleTimeout time.Duration) *Responder {
	if config.CookieSecret == (secret{}) {
		_, _ = rand.Read(config.CookieSecret[:]) // never fails
	}
	return &Responder{
		config: config, table: zones, limiter: newLimiter(config.RateLimit), metrics: &metrics{},
		idle:   uint16(min(idleTimeout/(100*time.Millisecond), 0xFFFF)),
		proofs: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
	}
}
