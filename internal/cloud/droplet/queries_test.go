package droplet

import (
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

// SQLite answers the list filtered by name from the index of names, in the order of ids.
func TestTheFilterByNameUsesItsIndex(t *testing.T) {
	storetest.NeedSQLite(t, "it reads SQLite's plans")
	db, err := store.Open(t.Context(), storetest.Source(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	byName := strings.ReplaceAll(table.Filters[0].Where, "?", "$2")
	for _, query := range []string{
		`SELECT d.id FROM droplets d WHERE ` + ofAccount + ` AND ` + byName + ` ORDER BY d.id ASC LIMIT $3`,
		`SELECT count(*) FROM droplets d WHERE ` + ofAccount + ` AND ` + byName,
	} {
		rows, err := db.Query(t.Context(), "EXPLAIN QUERY PLAN "+query, 1, "web-1", 3)
		plan, err := store.Collect(rows, err, func(row store.Scanner) (step string, err error) {
			var id, parent, unused int
			err = row.Scan(&id, &parent, &unused, &step)
			return step, err
		})
		if text := strings.Join(plan, "; "); err != nil || !strings.Contains(text, "INDEX droplets_name (account_id=? AND <expr>=?)") || strings.Contains(text, "TEMP B-TREE") {
			t.Errorf("%s: %q, %v", query, text, err)
		}
	}
}
