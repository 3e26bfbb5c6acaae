package action_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/sweep"
)

// Actions go by the time since their end, their steps sooner, and neither while
// the action is unfinished. Totals say what is there.
func TestSweep(t *testing.T) {
	c := &clock{at: time.Unix(1e9, 0)}
	db, accountID := openDB(t, c)
	exec := func(query string, args ...any) {
		t.Helper()
		if err := db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), query, args...)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	const hour = time.Hour
	kept := 90 * 24 * hour
	add := func(name, status string, ended time.Duration) { // so long ago
		t.Helper()
		at := store.Micros(c.now().Add(-ended))
		exec(`INSERT INTO actions (account_id, type, status, resource_type, resource_id, started_at, completed_at)
			VALUES ($1, $2, $3, 'thing', 1, 0, CASE WHEN $3 <> 'in-progress' THEN CAST($4 AS BIGINT) END)`, accountID, name, status, at)
		exec(`INSERT INTO action_steps (action_id, step, state, at) SELECT max(id), 'one', 'done', 0 FROM actions`)
		exec(`INSERT INTO action_steps (action_id, step, state, at) SELECT max(id), 'two', 'done', 0 FROM actions`)
	}
	add("unfinished", "in-progress", 2*kept)
	add("old", "completed", kept)
	add("old-failed", "errored", kept)
	add("ended", "completed", kept-time.Microsecond)
	add("steps-too-old", "completed", action.StepsKept)
	add("recent", "completed", action.StepsKept-time.Microsecond)
	names := func(query string) string {
		t.Helper()
		rows, err := db.Query(t.Context(), query)
		all, err := store.Collect(rows, err, func(row store.Scanner) (s string, err error) { return s, row.Scan(&s) })
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(all, " ")
	}
	assert := func(what, query, want string) {
		t.Helper()
		if got := names(query); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	const actions = `SELECT type FROM actions ORDER BY id`
	once := func(rows sweep.Rows) {
		t.Helper()
		if err := sweep.Once(t.Context(), db, rows); err != nil {
			t.Fatal(err)
		}
	}
	once(action.Sweep(kept)) // no action goes before its steps
	assert("actions", actions, "unfinished old old-failed ended steps-too-old recent")
	once(action.SweepSteps)
	assert("with steps", `SELECT a.type FROM action_steps s JOIN actions a ON a.id = s.action_id ORDER BY a.id, step`,
		"unfinished unfinished recent recent")
	once(action.Sweep(kept))
	left := "unfinished ended steps-too-old recent"
	assert("actions", actions, left)
	var total int
	if err := db.QueryRow(t.Context(), `SELECT total FROM totals WHERE list = 'actions' AND account_id = $1`, accountID).Scan(&total); err != nil || total != 4 {
		t.Errorf("the total is %d, %v; want 4", total, err)
	}
	c.advance(kept)
	for _, rows := range slices.Repeat([]sweep.Rows{action.SweepSteps, action.Sweep(0)}, 2) {
		once(rows)
	}
	assert("actions", actions, "unfinished")
}
