// Package bench measures the real program, and its handlers by the benchmarks
// that are beside its wiring, and keeps the figures in docs/benchmarks.md.
// "make bench" runs it; each benchmark takes its samples in one iteration.
package bench

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		os.Exit(m.Run()) // without benchmarks, do not build the program
	}
	os.Exit(rockpooltest.Main(m, results.publish, storetest.Stop))
}

// samples are the samples of one figure.
type samples []float64

func (s samples) quantile(q float64) float64 {
	sorted := slices.Sorted(slices.Values(s))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

func (s samples) median() float64 {
	sorted := slices.Sorted(slices.Values(s))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// figure is a row of the table.
type figure struct {
	name  string
	value float64
	unit  string
	limit float64 // upper limit; 0 for none
	least float64 // lower limit; 0 for none
	none  bool    // the figure must be 0
	n     int
}

func (f figure) row() string {
	limit, verdict := "", ""
	switch {
	case f.limit > 0:
		limit, verdict = fmt.Sprintf("%.4g %s", f.limit, f.unit), "ok"
	case f.least > 0:
		limit, verdict = fmt.Sprintf("at least %.4g %s", f.least, f.unit), "ok"
	case f.none:
		limit, verdict = "none", "ok"
	}
	if f.limit > 0 && f.value > f.limit || f.value < f.least || f.none && f.value > 0 {
		verdict = "MISSED"
	}
	return fmt.Sprintf("| %s | %d | %.3g %s | %s | %s |", f.name, f.n, f.value, f.unit, limit, verdict)
}

// record adds a figure to the table.
func record(b *testing.B, name string, s samples, value float64, unit string, limit float64) {
	note(b, figure{name: name, value: value, unit: unit, limit: limit, n: len(s)})
}

func note(b *testing.B, f figure) {
	results.add(f)
	b.Log(f.row())
}
