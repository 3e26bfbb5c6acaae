package dns

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the server's figures. Each worker by UDP counts in a place of its
// own, so that processors do not contend; they are added up when asked for.
type metrics struct {
	table *table

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

// observe counts so many queries that were each answered in a time.
func (f *figures) observe(took time.Duration, n int) {
	i := 0
	for i < len(latencies) && took > latencies[i] {
		i++
	}
	f.latency[i].Add(uint64(n))
	f.duration.Add(uint64(took) * uint64(n))
}

func newMetrics(t *table) *metrics { return &metrics{table: t} }

// shared returns where all count but the workers of UDP.
func (m *metrics) shared(transport Transport) *figures { return &m.common[transport] }

// own returns a place for a worker of UDP.
func (m *metrics) own() *figures {
	f := &figures{}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.udp = append(m.udp, f)
	return f
}

var (
	queriesDesc = prometheus.NewDesc("rockpool_dns_queries_total", "Queries answered.", []string{"transport", "type", "rcode"}, nil)
	droppedDesc = prometheus.NewDesc("rockpool_dns_dropped_total", "Messages that are not to be answered: too short, or answers themselves.", []string{"transport"}, nil)
	limitedDesc = prometheus.NewDesc("rockpool_dns_rate_limited_total", "Queries not answered because of the bound of the rate.", nil, nil)
	latencyDesc = prometheus.NewDesc("rockpool_dns_latency_seconds", "From having read a query to having written its answer.", []string{"transport"}, nil)
	zonesDesc   = prometheus.NewDesc("rockpool_dns_zones", "Zones that are served.", nil, nil)
	recordsDesc = prometheus.NewDesc("rockpool_dns_records", "Records in all zones.", nil, nil)
)

// Describe is prometheus.Collector's.
func (m *metrics) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range [...]*prometheus.Desc{queriesDesc, droppedDesc, limitedDesc, latencyDesc, zonesDesc, recordsDesc} {
		descs <- d
	}
}

// Collect is prometheus.Collector's.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	for transport := range m.common {
		m.collect(Transport(transport), out)
	}
	out <- prometheus.MustNewConstMetric(zonesDesc, prometheus.GaugeValue, float64(m.table.size.Load()))
	out <- prometheus.MustNewConstMetric(recordsDesc, prometheus.GaugeValue, float64(m.table.records.Load()))
}

func (m *metrics) collect(transport Transport, out chan<- prometheus.Metric) {
	places := []*figures{m.shared(transport)}
	if transport == UDP {
		m.mu.Lock()
		places = append(places, m.udp...)
		m.mu.Unlock()
	}
	sum := func(of func(*figures) *atomic.Uint64) float64 {
		total := uint64(0)
		for _, f := range places {
			total += of(f).Load()
		}
		return float64(total)
	}
	for i := range len(types) + 1 {
		for j := range len(rcodes) + 1 {
			if n := sum(func(f *figures) *atomic.Uint64 { return &f.queries[i][j] }); n > 0 {
				out <- prometheus.MustNewConstMetric(queriesDesc, prometheus.CounterValue, n, transport.String(), typeName(i), rcodeName(j))
			}
		}
	}
	dropped := sum(func(f *figures) *atomic.Uint64 { return &f.dropped })
	out <- prometheus.MustNewConstMetric(droppedDesc, prometheus.CounterValue, dropped, transport.String())
	if transport == UDP {
		limited := sum(func(f *figures) *atomic.Uint64 { return &f.limited })
		out <- prometheus.MustNewConstMetric(limitedDesc, prometheus.CounterValue, limited)
	}
	count, buckets := uint64(0), map[float64]uint64{}
	for i := range len(latencies) + 1 {
		count += uint64(sum(func(f *figures) *atomic.Uint64 { return &f.latency[i] }))
		if i < len(latencies) {
			buckets[latencies[i].Seconds()] = count
		}
	}
	duration := sum(func(f *figures) *atomic.Uint64 { return &f.duration }) / float64(time.Second)
	out <- prometheus.MustNewConstHistogram(latencyDesc, count, duration, buckets, transport.String())
}

func typeName(i int) string {
	if i == len(types) {
		return "other"
	}
	return dns.TypeToString[types[i]]
}

func rcodeName(i int) string {
	if i == len(rcodes) {
		return "other"
	}
	if rcodes[i] == dns.RcodeBadVers {
		return "BADVERS" // which shares its number with BADSIG
	}
	if name := dns.RcodeToString[rcodes[i]]; name != "" {
		return name
	}
	return strconv.Itoa(rcodes[i])
}
