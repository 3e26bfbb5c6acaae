package answer

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"
)

var (
	queriesDesc = prometheus.NewDesc("rockpool_dns_queries_total", "Queries answered.", []string{"transport", "type", "rcode"}, nil)
	droppedDesc = prometheus.NewDesc("rockpool_dns_dropped_total", "Messages that are not to be answered: too short, or answers themselves.", []string{"transport"}, nil)
	limitedDesc = prometheus.NewDesc("rockpool_dns_rate_limited_total", "Queries not answered because of the rate limit.", nil, nil)
	latencyDesc = prometheus.NewDesc("rockpool_dns_latency_seconds", "From having read a query to having written its answer.", []string{"transport"}, nil)
	zonesDesc   = prometheus.NewDesc("rockpool_dns_zones", "Zones that are served.", nil, nil)
	connsDesc   = prometheus.NewDesc("rockpool_dns_connections", "Connections that are open, by TCP and TLS.", nil, nil)
	recordsDesc = prometheus.NewDesc("rockpool_dns_records", "Records in all zones.", nil, nil)
)

// collector exports the figures of a responder and its zones.
type collector struct {
	*Responder
	connections func() int
}

// Collector exports how many messages were answered, how, and how fast, how many
// zones and records there are, and how many connections are open.
func (r *Responder) Collector(connections func() int) prometheus.Collector {
	return collector{r, connections}
}

// Describe is prometheus.Collector's.
func (collector) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range [...]*prometheus.Desc{queriesDesc, droppedDesc, limitedDesc, latencyDesc, zonesDesc, recordsDesc, connsDesc} {
		descs <- d
	}
}

// Collect is prometheus.Collector's.
func (c collector) Collect(out chan<- prometheus.Metric) {
	for transport := range c.metrics.common {
		c.metrics.collect(Transport(transport), out)
	}
	out <- prometheus.MustNewConstMetric(zonesDesc, prometheus.GaugeValue, float64(c.table.ZoneCount()))
	out <- prometheus.MustNewConstMetric(connsDesc, prometheus.GaugeValue, float64(c.connections()))
	out <- prometheus.MustNewConstMetric(recordsDesc, prometheus.GaugeValue, float64(c.table.RecordCount()))
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
