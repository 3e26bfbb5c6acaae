package torture

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// tally is the figures of rounds.
type tally struct {
	rounds, requests, acknowledged int
	strikes                        map[string]int
	found                          map[kind]int
}

// roundLimit ends a round that hangs; the stacks say where.
const roundLimit = 15 * time.Minute

// round tortures one world, judges it, and adds its figures to the total. The
// seed decides what it can.
func round(tb testing.TB, s species, seed uint64, total *tally) {
	tb.Helper()
	late := time.AfterFunc(roundLimit, func() { panic(fmt.Sprintf("a round took more than %v", roundLimit)) })
	defer late.Stop()
	w := newWorld(tb, s)
	t := tally{rounds: 1, strikes: w.strikes, found: map[kind]int{}}
	defer func() { total.add(t) }()
	over := make(chan struct{})
	clients := w.clients(seed, over)
	var working sync.WaitGroup
	for _, c := range clients {
		working.Go(c.work)
	}
	end := sync.OnceFunc(func() { close(over); working.Wait() })
	defer end() // also if the cloud does not start again
	dice := rand.New(rand.NewPCG(seed, 0))
	for i, a := range plan(w, dice) {
		w.strike(a, rand.New(rand.NewPCG(seed, 1<<32+uint64(i))))
	}
	end()
	var all []*told
	for _, c := range clients {
		all = append(all, &c.told)
		t.acknowledged += c.count
		t.requests += c.turns
	}
	found := w.verdict(all)
	slices.SortFunc(found, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.text, b.text))
	})
	for _, f := range found {
		t.found[f.kind]++
		tb.Errorf("%s: %s", f.kind, f.text)
	}
}

// clients returns the clients of a world. Each has its own random numbers.
func (w *world) clients(seed uint64, over <-chan struct{}) (clients []*client) {
	for i := range w.kind.clients {
		name, told := fmt.Sprintf("c%d", i), newTold()
		told.zone = name + ".example"
		clients = append(clients, &client{
			caller: newCaller(w.URL, w.Token, over), told: *told, name: name,
			dice: rand.New(rand.NewPCG(seed, uint64(i+1))), progress: w.progress,
			most: w.kind.droplets, pause: w.kind.pause, image: "micro",
		})
	}
	return clients
}

// verdict judges the cloud after one more crash, and then after all droplets
// have been deleted.
func (w *world) verdict(clients []*told) []finding {
	w.tb.Helper()
	w.settle()
	w.crash()
	w.Start()
	w.settle()
	t, err := w.look()
	if err != nil {
		w.tb.Fatalf("look at what is there: %v", err)
	}
	if t.records, err = w.readRecords(clients); err != nil {
		w.tb.Fatalf("look at the records that are there: %v", err)
	}
	found := append(judge(clients, t, w.excuses), w.rowsWhenStopped()...)
	return append(found, w.emptied()...)
}

// rowsWhenStopped stops the program while the database is read.
func (w *world) rowsWhenStopped() []finding {
	w.tb.Helper()
	w.Stop()
	found, err := w.readRows()
	if err != nil {
		w.tb.Fatalf("read the database: %v", err)
	}
	w.Start()
	return found
}

// emptied deletes all droplets, and returns what is left.
func (w *world) emptied() []finding {
	w.tb.Helper()
	w.DeleteAll()
	w.settle()
	t, err := w.look()
	if err != nil {
		w.tb.Fatalf("look at what is left: %v", err)
	}
	found := t.judge()
	for id := range t.droplets {
		found = append(found, finding{rows, fmt.Sprintf("droplet %d was deleted last, and is there", id)})
	}
	return append(found, w.rowsWhenStopped()...)
}
