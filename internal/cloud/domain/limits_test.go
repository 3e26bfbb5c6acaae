package domain_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonefile"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// An RRset that is too large for a DNS message is rejected: the name server would
// reject the whole domain.
func TestAnRRsetMustFitInAMessage(t *testing.T) {
	w := newWorld(t)
	w.Create("example.com")
	const want = "data: The records of this name and type have more than 60000 bytes together, which is more than a DNS message can carry"
	var file strings.Builder
	var err error
	for i := range 17 {
		text := fmt.Sprintf("%02d%s", i, strings.Repeat("x", 3998))
		fmt.Fprintf(&file, "big TXT")
		for ; text != ""; text = text[min(200, len(text)):] {
			fmt.Fprintf(&file, " %q", text[:min(200, len(text))])
		}
		file.WriteByte('\n')
		if err == nil {
			_, err = w.TryAdd("example.com", domaintest.Params(t, fmt.Sprintf(`{"type":"TXT","name":"big","data":"%02d%s"}`, i, strings.Repeat("x", 3998))))
		}
	}
	if n := len(w.Records("example.com")); domaintest.Message(err) != want || n != 4+14 {
		t.Errorf("%d records, then: %s", n, domaintest.Message(err))
	}
	if _, err := w.TryAdd("example.com", domaintest.Params(t, `{"type":"TXT","name":"small","data":"x"}`)); err != nil {
		t.Errorf("at another name: %v", err)
	}
	text := file.String()
	plan, err := w.PlanCreate(t.Context(), w.DB, domaintest.Mine, domain.Create{Name: "example.net", File: zonefile.Parse("example.net", 1800, text)})
	if err != nil || plan.Valid || !strings.HasPrefix(strings.Join(domaintest.Problems(plan.Problems), "\n"), "warning: ") ||
		!strings.Contains(strings.Join(domaintest.Problems(plan.Problems), "\n"), "error in line 1, "+want) {
		t.Errorf("dry run: %v, %v", domaintest.Problems(plan.Problems), err)
	}
	if _, err := w.TryCreate(domaintest.Mine, domain.Create{Name: "example.net", File: zonefile.Parse("example.net", 1800, text)}); !strings.Contains(domaintest.Message(err), "zone_file: Line 1: The records") {
		t.Errorf("import: %s", domaintest.Message(err))
	}
}

// The work of an import grows linearly with the records of one name.
func TestAnImportOfManyRecordsAtOneName(t *testing.T) {
	file := func(n, from int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "many A 10.0.%d.%d\n", (from+i)/256, (from+i)%256)
		}
		return b.String()
	}
	allocations := func(n int) float64 {
		w := newWorld(t)
		w.Create("example.com")
		if _, err := w.tryImport("example.com", file(n, 0)); err != nil {
			t.Fatal(err)
		}
		others := file(n, n)
		return testing.AllocsPerRun(1, func() {
			p, err := w.PlanUpdate(t.Context(), w.DB, domaintest.Mine, "example.com", domain.Change{File: zonefile.Parse("example.com", 1800, others)})
			if err != nil || p.Update != n {
				t.Fatalf("%d of %d updated, %v", p.Update, n, err)
			}
		})
	}
	if few, many := allocations(200), allocations(1600); many > 12*few {
		t.Errorf("%.0f allocations for 200 records, %.0f for eight times as many", few, many)
	}
}

func TestTheNumberOfRecordsIsLimited(t *testing.T) {
	w := newWorld(t)
	d := w.Create("example.com")
	w.Write(func(tx *store.Tx) error {
		_, err := tx.Exec(t.Context(), `WITH RECURSIVE h(n) AS (SELECT 5 UNION ALL SELECT n + 1 FROM h WHERE n < 20000)
			INSERT INTO domain_records (domain_id, type, name, name_key, data, ttl) SELECT $1, 'A', 'h' || n, 'h' || n, '192.0.2.1', 1800 FROM h`, d.ID)
		return err
	})
	const want = "The domain would have 20001 records, the maximum is 20000"
	_, err := w.TryAdd("example.com", domaintest.Params(t, `{"type":"A","name":"more","data":"192.0.2.1"}`))
	if got := domaintest.Message(err); got != "not about a field: "+want {
		t.Errorf("create: %s", got)
	}
	if _, err := w.TryBatch("example.com", batch(t, `{"delete":[5],"create":[{"type":"A","name":"more","data":"192.0.2.1"}]}`)); err != nil {
		t.Errorf("in the place of another: %v", err)
	}
}
