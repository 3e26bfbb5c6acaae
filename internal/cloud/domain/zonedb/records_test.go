package zonedb

import (
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// The records of a name are read by an index, not by reading the whole domain.
func TestRecordsOfANameAreFoundByTheirIndex(t *testing.T) {
	db, err := store.Open(t.Context(), t.TempDir()+"/db")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for query, arg := range map[string]any{selectAt: "www", selectBeside: 2} {
		rows, err := db.Query(t.Context(), "EXPLAIN QUERY PLAN "+query, 1, arg)
		plan, err := store.Collect(rows, err, func(row store.Scanner) (step string, err error) {
			var id, parent, unused int
			err = row.Scan(&id, &parent, &unused, &step)
			return step, err
		})
		if text := strings.Join(plan, "; "); err != nil || !strings.Contains(text, "INDEX domain_records_name (domain_id=? AND name_key=?)") {
			t.Errorf("%s: %q, %v", query, text, err)
		}
	}
}
