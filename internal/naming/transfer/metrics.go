package transfer

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	transfers *prometheus.CounterVec
	notifies  *prometheus.CounterVec
	bytes     prometheus.Counter
	duration  prometheus.Histogram
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		transfers: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rockpool_dns_transfers_total", Help: "Requests for zone transfers."}, []string{"type", "result"}),
		notifies:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rockpool_dns_notifies_total", Help: "NOTIFY messages sent, by what came of them."}, []string{"result"}),
		bytes:     prometheus.NewCounter(prometheus.CounterOpts{Name: "rockpool_dns_transfer_bytes_total", Help: "Bytes of the records transferred, before compression."}),
		duration:  prometheus.NewHistogram(prometheus.HistogramOpts{Name: "rockpool_dns_transfer_seconds", Help: "How long transfers took."}),
	}
	if registry == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.transfers, m.notifies, m.bytes, m.duration} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("transfer: %w", err)
		}
	}
	return m, nil
}
