package bench

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

const (
	changers        = 32 // concurrent clients of the API
	changedDomains  = 200
	changeTime      = 10 * time.Second // for single changes, and for batches
	changesOfABatch = 50
	bystanders      = 2 // clients that only query
	askedEveryTick  = 2 // queries of each
	bystandersTick  = time.Millisecond
)

// BenchmarkChanges measures clients that change records through the API, and
// query each change as soon as they have the response. Other clients query
// records that do not change.
func BenchmarkChanges(b *testing.B) {
	w := newChangedWorld(b)
	single := w.run(b, (*changer).changeOne)
	note(b, figure{name: "changes: single ones by the API, a second", value: single.rate(), unit: "1/s", least: 1000, n: len(single.took)})
	note(b, figure{name: "changes: single ones, wrong answers of the name server", value: float64(single.wrong), unit: "answers", none: true, n: single.asked})
	record(b, "changes: a single one's time, median", single.took, single.took.median(), "ms", 0)
	record(b, "changes: a single one's time, 95th percentile", single.took, single.took.quantile(0.95), "ms", 0)
	note(b, figure{name: "changes: queries answered meanwhile, a second", value: single.askedRate(), unit: "1/s", n: single.asked})

	batches := w.run(b, (*changer).changeMany)
	note(b, figure{name: fmt.Sprintf("changes: by batches of %d, a second", changesOfABatch), value: batches.rate() * changesOfABatch, unit: "1/s", least: 1000, n: len(batches.took)})
	note(b, figure{name: "changes: by batches, wrong answers of the name server", value: float64(batches.wrong), unit: "answers", none: true, n: batches.asked})
	record(b, "changes: a batch's time, median", batches.took, batches.took.median(), "ms", 0)
	record(b, "changes: a batch's time, 95th percentile", batches.took, batches.took.quantile(0.95), "ms", 0)
	note(b, figure{name: "changes: queries answered while there are batches, a second", value: batches.askedRate(), unit: "1/s", n: batches.asked})
}

// changedWorld is a server whose domains change.
type changedWorld struct {
	server *rockpooltest.Server
	names  string // address of the name server
	client *http.Client
}

func newChangedWorld(b *testing.B, flags ...string) *changedWorld {
	b.Helper()
	names := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePort(b)))
	w := &changedWorld{names: names, client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: changers, DisableCompression: true},
		Timeout:   rockpooltest.Patience,
	}}
	flags = append([]string{"--compute", "simulated", "--rate-limit", "0", "--dns", names, "--log-level", "info"}, flags...)
	w.server = rockpooltest.Start(b, flags...)
	b.Cleanup(w.client.CloseIdleConnections)
	for i := range changedDomains {
		name := changedDomain(i)
		w.mustCall(b, http.MethodPost, "/domains", fmt.Sprintf(`{"name": %q}`, name))
		w.mustCall(b, http.MethodPost, "/domains/"+name+"/records", fmt.Sprintf(`{"type": "A", "name": "www", "data": %q}`, stableData))
	}
	return w
}

func changedDomain(i int) string { return fmt.Sprintf("changed%d.example", i) }

// stableData is the address in the records that do not change.
const stableData = "192.0.2.1"

// changedRun is the result of a measurement.
type changedRun struct {
	took  samples // of each request to the API, in milliseconds
	asked int     // answered queries
	wrong int     // wrong answers
	time  time.Duration
}

func (r *changedRun) rate() float64      { return float64(len(r.took)) / r.time.Seconds() }
func (r *changedRun) askedRate() float64 { return float64(r.asked) / r.time.Seconds() }
func (r *changedRun) add(other changedRun) {
	r.took = append(r.took, other.took...)
	r.asked += other.asked
	r.wrong += other.wrong
}

// run runs all clients until the time is up.
func (w *changedWorld) run(b *testing.B, change func(*changer) error) changedRun {
	b.Helper()
	type result struct {
		changedRun
		err error
	}
	ends := time.Now().Add(changeTime)
	began := time.Now()
	results := make(chan result)
	for i := range changers {
		go func() {
			c := &changer{asker: asker{address: w.names}, world: w, number: i}
			err := c.until(ends, change)
			results <- result{c.changedRun, err}
		}()
	}
	for range bystanders {
		go func() {
			a := &asker{address: w.names}
			err := a.standBy(ends)
			results <- result{a.changedRun, err}
		}()
	}
	var all changedRun
	var failed error
	for range changers + bystanders {
		r := <-results
		all.add(r.changedRun)
		if r.err != nil {
			failed = r.err
		}
	}
	if failed != nil {
		b.Fatal(failed)
	}
	all.time = time.Since(began)
	return all
}
