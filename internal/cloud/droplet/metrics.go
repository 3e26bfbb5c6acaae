package droplet

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	budgetDesc    = prometheus.NewDesc("rockpool_budget_bytes", "Memory and disk that all droplets together may use.", []string{"resource"}, nil)
	allocatedDesc = prometheus.NewDesc("rockpool_claimed_bytes", "Memory and disk of all droplets together, also of those that are off.", []string{"resource"}, nil)
	freeDesc      = prometheus.NewDesc("rockpool_free_bytes", "Memory and disk that is left of the budget.", []string{"resource"}, nil)
)

// Collector collects the memory and disk of the cloud's droplets, and their budget.
// Without a limit there are no figures of the budget and of what is free.
func (s *Service) Collector() prometheus.Collector { return collector{s} }

type collector struct{ *Service }

func (c collector) Describe(to chan<- *prometheus.Desc) {
	to <- budgetDesc
	to <- allocatedDesc
	to <- freeDesc
}

// scrapeLimit is the timeout of a scrape while the database can't be reached.
const scrapeLimit = 5 * time.Second

func (c collector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeLimit)
	defer cancel()
	have, err := Allocated(ctx, c.DB)
	if err != nil {
		to <- prometheus.NewInvalidMetric(allocatedDesc, err)
		return
	}
	var budget Budget
	if c.Budget != nil {
		budget = c.Budget()
	}
	free := budget.Free(have)
	const mb, gb = 1 << 20, 1 << 30
	show := func(resource string, unit float64, total, allocated, free int) {
		to <- prometheus.MustNewConstMetric(allocatedDesc, prometheus.GaugeValue, float64(allocated)*unit, resource)
		if total == 0 {
			return
		}
		to <- prometheus.MustNewConstMetric(budgetDesc, prometheus.GaugeValue, float64(total)*unit, resource)
		to <- prometheus.MustNewConstMetric(freeDesc, prometheus.GaugeValue, float64(free)*unit, resource)
	}
	show("memory", mb, budget.MemoryMB, have.MemoryMB, free.MemoryMB)
	show("disk", gb, budget.DiskGB, have.DiskGB, free.DiskGB)
}
