package domain_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// BenchmarkList lists a page of domains, each with its zone file.
func BenchmarkList(b *testing.B) {
	for _, size := range []struct{ domains, records int }{{200, 20}, {20, 5000}} {
		b.Run(fmt.Sprintf("%dx%d", size.domains, size.records), func(b *testing.B) {
			w := newWorld(b)
			for i := range size.domains {
				d := w.Create(fmt.Sprintf("d%d.example.com", i))
				w.Write(func(tx *store.Tx) error {
					_, err := tx.Exec(b.Context(), `WITH RECURSIVE h(n) AS (SELECT 5 UNION ALL SELECT n + 1 FROM h WHERE n < $2)
						INSERT INTO domain_records (domain_id, type, name, name_key, data, ttl) SELECT $1, 'A', 'h' || n, 'h' || n, '192.0.2.1', 1800 FROM h`, d.ID, size.records)
					return err
				})
			}
			handle := w.handler("GET /domains")
			r := &resource.Request{AccountID: domaintest.Mine, List: list.Query{Max: 200, Paged: true}}
			b.ReportAllocs()
			for b.Loop() {
				response, err := handle(b.Context(), r)
				if err != nil {
					b.Fatal(err)
				}
				if views := response.Value.([]domain.View); len(views) != size.domains || strings.Count(*views[0].ZoneFile, "\n") != size.records+2 {
					b.Fatalf("%d domains, the first one is %s", len(views), *views[0].ZoneFile)
				}
			}
		})
	}
}
