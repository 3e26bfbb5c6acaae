package bench

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// handlerFigures are the figures of the benchmarks in package contract: the
// benchmark, the unit of its report, and the title.
var handlerFigures = [...]struct {
	benchmark, metric string
	figure
}{
	{"GetDroplet", "us", figure{name: "handler: GET of a droplet, median", unit: "µs"}},
	{"GetDroplet", "us-bare", figure{name: "handler: the same by a bare handler, median", unit: "µs"}},
	{"GetDroplet", "of-bare", figure{name: "handler: GETs of a droplet a second / those of the bare handler", unit: "times", least: 0.5}},
	{"GetDroplet", "allocs", figure{name: "handler: allocations of a GET", unit: "allocations"}},
	{"GetDroplet", "allocs-bare", figure{name: "handler: allocations of the bare handler", unit: "allocations"}},
	{"Pages", "ms", figure{name: "handler: page of 200 out of 200 droplets by Range, median", unit: "ms"}},
	{"Pages", "first", figure{name: "handler: first 200 of 100,000 droplets by Range / 200 of 200", unit: "times", limit: 1.2}},
	{"Pages", "middle", figure{name: "handler: 200 from the middle of 100,000 / 200 of 200", unit: "times", limit: 1.2}},
	{"Pages", "last", figure{name: "handler: last 200 of 100,000 / 200 of 200", unit: "times", limit: 1.2}},
	{"Pages", "page-1", figure{name: "handler: page=1&per_page=200 of 100,000 / of 200", unit: "times"}},
	{"Pages", "page-400", figure{name: "handler: page=400&per_page=200 of 100,000 / page=1 of 200", unit: "times", limit: 5}},
	{"Validation", "us", figure{name: "handler: POST of a droplet, processor time", unit: "µs"}},
	{"Validation", "percent", figure{name: "handler: the part of it in validation by the schema", unit: "%", limit: 15}},
}

// BenchmarkHandlers runs the benchmarks in package contract, which call the
// handler of a whole cloud, and adds their figures to the table.
func BenchmarkHandlers(b *testing.B) {
	output, err := exec.Command("go", "test", "github.com/rockpool-cloud/rockpool/internal/tests/contract", "-count", "1", "-run", "^$",
		"-bench", "^Benchmark(GetDroplet|Pages|Validation)$", "-benchtime", "1x").CombinedOutput()
	if err != nil {
		b.Fatalf("%v: %s", err, output)
	}
	measured := parseBenchmarks(string(output))
	for _, f := range handlerFigures {
		values := measured[f.benchmark]
		value, ok := values[f.metric]
		if !ok {
			b.Fatalf("%s tells no %s: %s", f.benchmark, f.metric, output)
		}
		f.value, f.n = value, int(values["samples"])
		note(b, f.figure)
	}
}

// parseBenchmarks reads Go's benchmark lines, "BenchmarkName-2 1 12.3 unit ...",
// into values by name and unit.
func parseBenchmarks(output string) map[string]map[string]float64 {
	measured := map[string]map[string]float64{}
	for line := range strings.Lines(output) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(fields[0], "Benchmark"), "-")
		values := map[string]float64{}
		for i := 2; i+1 < len(fields); i += 2 {
			if value, err := strconv.ParseFloat(fields[i], 64); err == nil {
				values[fields[i+1]] = value
			}
		}
		measured[name] = values
	}
	return measured
}
