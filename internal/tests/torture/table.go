package torture

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// add adds the figures of other rounds.
func (t *tally) add(other tally) {
	t.rounds += other.rounds
	t.requests += other.requests
	t.acknowledged += other.acknowledged
	if t.strikes == nil {
		t.strikes, t.found = map[string]int{}, map[kind]int{}
	}
	for what, n := range other.strikes {
		t.strikes[what] += n
	}
	for k, n := range other.found {
		t.found[k] += n
	}
}

// String returns the table of what was done and what was found. A good round
// has found nothing.
func (t tally) String() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(what any, n int) { fmt.Fprintf(table, "%v\t%d\t\n", what, n) }
	line("rounds", t.rounds)
	line("turns of clients", t.requests)
	line("requests acknowledged", t.acknowledged)
	for _, what := range slices.Sorted(maps.Keys(t.strikes)) {
		line(what, t.strikes[what])
	}
	for _, k := range kinds {
		line(k, t.found[k])
	}
	table.Flush()
	return text.String()
}
