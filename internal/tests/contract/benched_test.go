package contract

import (
	"bytes"
	"cmp"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/server"
)

// benched is a cloud with some droplets.
type benched struct {
	*client
	database string
}

func newBench(b *testing.B, droplets int) *benched {
	b.Helper()
	c := &benched{}
	c.client = newClient(b, func(s *server.Config) {
		s.DropletLimit, s.Addresses = 1_000_000, netip.MustParsePrefix("127.0.0.0/8")
		c.database = s.Data.Source()
	})
	c.Create(`{"name":"web-1","region":"nyc3","size":"s-1vcpu-1gb","image":"debian-12-x64","tags":["web"]}`)
	err := c.Server.DB.Write(b.Context(), func(tx *store.Tx) error {
		for _, query := range multiply {
			if _, err := tx.Exec(b.Context(), query, droplets); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// multiply copies the existing droplet $1 times. Each copy has its own
// address and create action.
var multiply = []string{
	`WITH RECURSIVE numbers (n) AS (SELECT 2 WHERE $1 > 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $1)
		INSERT INTO droplets (account_id, name, region_slug, size_slug, vcpus, memory_mb, disk_gb, image_id, image_json, status,
			vpc_uuid, features_json, tags_json, public_keys_json, created_at)
		SELECT account_id, 'web-' || n, region_slug, size_slug, vcpus, memory_mb, disk_gb, image_id, image_json, status,
			vpc_uuid, features_json, tags_json, public_keys_json, created_at FROM numbers, droplets WHERE id = 1`,
	`INSERT INTO addresses (address, droplet_id, forwards_json)
		SELECT '127.' || (100 + (d.id >> 16)) || '.' || (d.id >> 8 & 255) || '.' || (d.id & 255), d.id, a.forwards_json
		FROM droplets d, addresses a WHERE d.id > 1 AND d.id <= $1 AND a.droplet_id = 1`,
	`INSERT INTO actions (id, account_id, type, status, resource_type, resource_key, region_slug, started_at, completed_at)
		SELECT d.id, d.account_id, a.type, a.status, a.resource_type, d.id || '', a.region_slug, a.started_at, a.completed_at
		FROM droplets d, actions a WHERE d.id > 1 AND d.id <= $1 AND a.id = 1`,
	`UPDATE sqlite_sequence SET seq = $1 WHERE name = 'sagas'`, // actions have the ids of their sagas
}

// request returns a request as the HTTP server passes it to a handler.
func (c *benched) request(method, target string, body []byte, headers ...string) *http.Request {
	r := httptest.NewRequestWithContext(c.T.Context(), method, target, bytes.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+c.Token)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// get returns a function that sends a GET to the handler of the cloud.
func (c *benched) get(b *testing.B, target string, headers ...string) func() {
	b.Helper()
	r := c.request("GET", target, nil, headers...)
	r.Body = http.NoBody
	return calling(b, c.Server.Handler, r)
}

// calling returns a function that passes the request to the handler. The
// handler must not change the request.
func calling(b *testing.B, handler http.Handler, r *http.Request) func() {
	return func() {
		w := &discard{header: http.Header{}}
		if handler.ServeHTTP(w, r); w.status >= 300 {
			b.Fatalf("%s is answered %d", r.URL, w.status)
		}
	}
}

// discard is a response writer that keeps the status only.
type discard struct {
	header http.Header
	status int
}

func (w *discard) Header() http.Header         { return w.header }
func (w *discard) WriteHeader(status int)      { w.status = cmp.Or(w.status, status) }
func (w *discard) Write(p []byte) (int, error) { return len(p), nil }

// inTurn calls each function that many times in each round, and returns the
// seconds that each took. The functions take turns, so that other load on the
// machine affects all of them.
func inTurn(rounds, calls int, functions ...func()) [][]float64 {
	times := make([][]float64, len(functions))
	for range rounds {
		for i, function := range functions {
			began := time.Now()
			for range calls {
				function()
			}
			times[i] = append(times[i], time.Since(began).Seconds()/float64(calls))
		}
	}
	return times
}

func ratios(a, b []float64) []float64 {
	r := make([]float64, len(a))
	for i := range a {
		r[i] = a[i] / b[i]
	}
	return r
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
