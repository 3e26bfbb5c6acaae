package action_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/sweep"
)

// Sweep removes actions by the time since their end, and none that is
// unfinished. Totals count what is there.
func TestSweep(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const kept = 90 * 24 * time.Hour
		for i, row := range []struct {
			name, status string
			ended        time.Duration // so long ago
		}{
			{"unfinished", action.InProgress, 2 * kept}, {"old", action.Completed, kept}, {"old-failed", action.Errored, kept},
			{"ended", action.Completed, kept - time.Microsecond}, {"recent", action.Completed, action.LeastKept - time.Microsecond},
		} {
			if err := w.write(func(tx *store.Tx) error {
				_, err := tx.Exec(t.Context(), `INSERT INTO actions (id, account_id, type, status, resource_type, resource_key, started_at, completed_at)
					VALUES ($1, $2, $3, $4, 'thing', '1', 0, CASE WHEN $4 <> 'in-progress' THEN CAST($5 AS BIGINT) END)`,
					i+1, w.account, row.name, row.status, store.Micros(time.Now().Add(-row.ended)))
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		assert := func(kept time.Duration, want string) {
			t.Helper()
			if err := sweep.Once(t.Context(), w.db, action.Sweep(kept)); err != nil {
				t.Fatal(err)
			}
			rows, err := w.db.Query(t.Context(), `SELECT type FROM actions ORDER BY id`)
			all, err := store.Collect(rows, err, func(row store.Scanner) (s string, err error) { return s, row.Scan(&s) })
			if got := strings.Join(all, " "); err != nil || got != want {
				t.Errorf("left are %q, %v; want %q", got, err, want)
			}
			var total int
			if err := w.db.QueryRow(t.Context(), `SELECT total FROM totals WHERE list = 'actions' AND account_id = $1`, w.account).Scan(&total); err != nil || total != len(all) {
				t.Errorf("the total is %d, %v; there are %d", total, err, len(all))
			}
		}
		assert(kept, "unfinished ended recent")
		assert(0, "unfinished recent")
		time.Sleep(time.Microsecond)
		assert(0, "unfinished")
	})
}
