package answer

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// metrics are the counters of a responder. Each worker for UDP has its own, so that
// processors do not contend for cache lines. They are added up when collected.
type metrics struct {
	common [3]figures // by transport

	mu  sync.Mutex
	udp []*figures // of the workers
}

// figures are counted by one worker, or by all connections of a transport.
type figures struct {
	queries  [len(types) + 1][len(rcodes) + 1]atomic.Uint64
	dropped  atomic.Uint64
	limited  atomic.Uint64
	latency  [len(latencies) + 1]atomic.Uint64
	duration atomic.Uint64 // nanoseconds, of all
}

// types and rcodes are those that are counted under their names.
var (
	types = [...]uint16{
		dns.TypeA, dns.TypeAAAA, dns.TypeNS, dns.TypeCNAME, dns.TypeSOA, dns.TypeMX, dns.TypeTXT, dns.TypeSRV,
		dns.TypeCAA, dns.TypePTR, dns.TypeDS, dns.TypeDNSKEY, dns.TypeHTTPS, dns.TypeANY, dns.TypeAXFR, dns.TypeIXFR,
	}
	rcodes = [...]int{
		dns.RcodeSuccess, dns.RcodeFormatError, dns.RcodeServerFailure, dns.RcodeNameError, dns.RcodeNotImplemented,
		dns.RcodeRefused, dns.RcodeNotAuth, dns.RcodeBadVers, dns.RcodeBadCookie,
	}
	latencies = [...]time.Duration{
		2 * time.Microsecond, 5 * time.Microsecond, 10 * time.Microsecond, 20 * time.Microsecond, 50 * time.Microsecond,
		100 * time.Microsecond, 200 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 10 * time.Millisecond,
	}
	typeIndex  = indices(types[:], 256)
	rcodeIndex = indices(rcodes[:], 32)
)

// indices returns where the small numbers stand in a list; the others come
// behind its end.
func indices[T int | uint16](list []T, limit int) []uint8 {
	index := make([]uint8, limit)
	for i := range index {
		index[i] = uint8(len(list))
	}
	for i, n := range list {
		if int(n) < limit {
			index[n] = uint8(i)
		}
	}
	return index
}

func (f *figures) count(rrtype uint16, rcode int) {
	i, j := len(types), len(rcodes)
	if int(rrtype) < len(typeIndex) {
		i = int(typeIndex[rrtype])
	}
	if rcode < len(rcodeIndex) {
		j = int(rcodeIndex[rcode])
	}
	f.queries[i][j].Add(1)
}

func (f *figures) drop()  { f.dropped.Add(1) }
func (f *figures) limit() { f.limited.Add(1) }

// observe counts n queries that each took so long.
func (f *figures) observe(took time.Duration, n int) {
	i := 0
	for i < len(latencies) && took > latencies[i] {
		i++
	}
	f.latency[i].Add(uint64(n))
	f.duration.Add(uint64(took) * uint64(n))
}

// shared returns the figures of a transport for all but the workers of UDP.
func (m *metrics) shared(transport Transport) *figures { return &m.common[transport] }

// own returns new figures for a worker of UDP.
func (m *metrics) own() *figures {
	f := &figures{}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.udp = append(m.udp, f)
	return f
}
