package droplet

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	budgetDesc  = prometheus.NewDesc("rockpool_budget_bytes", "What all droplets together may have.", []string{"resource"}, nil)
	claimedDesc = prometheus.NewDesc("rockpool_claimed_bytes", "What all droplets together have, also those that are off.", []string{"resource"}, nil)
	freeDesc    = prometheus.NewDesc("rockpool_free_bytes", "What is left of the budget.", []string{"resource"}, nil)
)

// Collector shows what the cloud's droplets have and may have, resource by
// resource. Where there is no bound there is no budget, and nothing free of it.
func (s *Service) Collector() prometheus.Collector { return collector{s} }

type collector struct{ *Service }

func (c collector) Describe(to chan<- *prometheus.Desc) {
	to <- budgetDesc
	to <- claimedDesc
	to <- freeDesc
}

// scrapeLimit bounds a scrape while the database can't be reached.
const scrapeLimit = 5 * time.Second

func (c collector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeLimit)
	defer cancel()
	have, err := Claimed(ctx, c.DB)
	if err != nil {
		to <- prometheus.NewInvalidMetric(claimedDesc, err)
		return
	}
	var budget Budget
	if c.Budget != nil {
		budget = c.Budget()
	}
	free := budget.Free(have)
	const mb, gb = 1 << 20, 1 << 30
	show := func(resource string, unit float64, total, claimed, free int) {
		to <- prometheus.MustNewConstMetric(claimedDesc, prometheus.GaugeValue, float64(claimed)*unit, resource)
		if total == 0 {
			return
		}
		to <- prometheus.MustNewConstMetric(budgetDesc, prometheus.GaugeValue, float64(total)*unit, resource)
		to <- prometheus.MustNewConstMetric(freeDesc, prometheus.GaugeValue, float64(free)*unit, resource)
	}
	show("memory", mb, budget.MemoryMB, have.MemoryMB, free.MemoryMB)
	show("disk", gb, budget.DiskGB, have.DiskGB, free.DiskGB)
}
