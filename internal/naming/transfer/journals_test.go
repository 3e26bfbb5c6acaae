package transfer

import (
	"fmt"
	"sync"
	"testing"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// record adds a change between two serials, with that number of records, to a journal.
func (js *journals) record(t *testing.T, origin string, from, to, records int) {
	t.Helper()
	j := js.lock(origin)
	defer js.unlock(j)
	c := zone.Change{Origin: origin, Removed: []mdns.RR{soa(t, from)}, Added: []mdns.RR{soa(t, to)}}
	for range records - 2 {
		c.Added = append(c.Added, rr(t, "a.example.com. 60 IN A 192.0.2.1"))
	}
	js.add(j, c)
}

// has returns the number of changes between two serials.
func (js *journals) has(origin string, from, to int) int {
	j := js.lock(origin)
	defer js.unlock(j)
	return len(js.since(j, uint32(from), uint32(to)))
}

func TestJournalsAreBoundedTogether(t *testing.T) {
	js := newJournals(10, 25)
	for i := range 5 {
		js.record(t, fmt.Sprintf("z%d.", i), 1, 2, 5)
	}
	js.record(t, "z0.", 2, 3, 5) // z1 is that which has not changed for the longest now
	for origin, want := range map[string]int{"z0.": 2, "z1.": 0, "z2.": 1, "z3.": 1, "z4.": 1} {
		to := 2
		if origin == "z0." {
			to = 3
		}
		if n := js.has(origin, 1, to); n != want {
			t.Errorf("%s has %d changes, not %d", origin, n, want)
		}
	}
	if js.records != 25 || len(js.all) != 4 {
		t.Errorf("%d records of %d zones", js.records, len(js.all))
	}
	js.record(t, "z0.", 3, 4, 6) // 16 records of one zone are too many: the oldest goes, and then the next
	if js.has("z0.", 1, 4) != 0 || js.has("z0.", 2, 4) != 0 || js.has("z0.", 3, 4) != 1 || js.records != 21 {
		t.Errorf("%d records", js.records)
	}
	js.record(t, "z0.", 4, 5, 30) // more than fits
	if js.has("z0.", 4, 5) != 0 || js.all["z0."] != nil || js.records != 15 {
		t.Errorf("%d records, %v", js.records, js.all)
	}
}

// A change that does not begin at the end of the last one empties the journal.
func TestJournalsHaveNoGap(t *testing.T) {
	js := newJournals(100, 100)
	js.record(t, "z.", 1, 2, 5)
	js.record(t, "z.", 2, 3, 5)
	if js.has("z.", 1, 3) != 2 {
		t.Fatal("changes that follow each other don't lead on")
	}
	js.record(t, "z.", 7, 8, 5)
	if n := js.has("z.", 1, 8); n != 0 {
		t.Errorf("%d changes lead from 1 to 8, and those from 3 to 7 are not there", n)
	}
	if js.has("z.", 7, 8) != 1 || js.records != 5 {
		t.Errorf("%d records", js.records)
	}
}

func TestJournalsAreFreed(t *testing.T) {
	p, _ := started(t, Config{Allow: loopback}, 1)
	if len(p.journals.all) != 0 {
		t.Errorf("of a zone that has not changed: %v", p.journals.all)
	}
	step(t, p, 2)
	if len(p.journals.all) != 1 {
		t.Errorf("of a zone that has changed: %v", p.journals.all)
	}
	p.Remove("example.com.")
	if len(p.journals.all) != 0 || p.journals.order.Len() != 0 || p.journals.records != 0 {
		t.Errorf("of a zone that has gone: %+v", p.journals)
	}
}

// A zone has one lock, also while its journal is removed and created again. The race
// detector finds violations.
func TestAZoneHasOneLock(t *testing.T) {
	js := newJournals(10, 10)
	entered := map[string]*int{"a.": new(int), "B.": new(int)}
	var wg sync.WaitGroup
	for range 4 {
		for origin, n := range entered {
			wg.Go(func() {
				for i := range 200 {
					j := js.lock(origin)
					*n++
					if i%2 == 0 {
						js.add(j, zone.Change{Origin: origin, Removed: []mdns.RR{soa(t, *n)}, Added: []mdns.RR{soa(t, *n+1)}})
					} else {
						js.clear(j)
					}
					js.unlock(j)
				}
			})
		}
	}
	wg.Wait()
	for origin, n := range entered {
		if *n != 800 {
			t.Errorf("%s: %d have had the lock", origin, *n)
		}
	}
}
