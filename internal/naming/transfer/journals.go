package transfer

import (
	"container/list"
	"sync"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// journals are the journals of all zones.
type journals struct {
	each, total int // most records in the journal of a zone and in all journals

	mu      sync.Mutex // guards the following fields and the changes of all journals
	all     map[string]*journal
	order   *list.List // of the journals with changes, the last changed one at the back
	records int
}

// journal is the last changes of one zone, without gaps, and the lock of the zone. It
// exists as long as it has changes or a goroutine has the lock or waits for it, so
// that all goroutines that change the zone use the same lock.
type journal struct {
	origin  string
	zone    sync.Mutex // locked while the zone is changed
	users   int        // that have the lock or wait for it
	place   *list.Element
	changes []change
	records int
}

// change is one change of a zone. The records are copies and must not be changed.
type change struct {
	from, to       uint32
	removed, added []dns.RR // the SOA first
}

func (c change) records() int { return len(c.removed) + len(c.added) }

func newJournals(each, total int) *journals {
	return &journals{each: each, total: total, all: map[string]*journal{}, order: list.New()}
}

// lock locks a zone and returns its journal.
func (js *journals) lock(origin string) *journal {
	origin = dns.CanonicalName(origin)
	js.mu.Lock()
	j := js.all[origin]
	if j == nil {
		j = &journal{origin: origin}
		js.all[origin] = j
	}
	j.users++
	js.mu.Unlock()
	j.zone.Lock()
	return j
}

func (js *journals) unlock(j *journal) {
	j.zone.Unlock()
	js.mu.Lock()
	defer js.mu.Unlock()
	j.users--
	js.free(j)
}

// add adds a change. Beyond the limit of a zone it removes the oldest changes of the
// zone; beyond the total limit it empties the journals that were changed least
// recently.
func (js *journals) add(j *journal, c zone.Change) {
	from, to := soaFirst(c.Removed), soaFirst(c.Added)
	if from == nil || to == nil {
		js.clear(j)
		return
	}
	next := change{from.Serial, to.Serial, zone.Copy(c.Removed), zone.Copy(c.Added)}
	js.mu.Lock()
	defer js.mu.Unlock()
	if n := len(j.changes); n > 0 && j.changes[n-1].to != next.from {
		js.empty(j) // a gap
	}
	if j.place == nil {
		j.place = js.order.PushBack(j)
	}
	js.order.MoveToBack(j.place)
	j.changes = append(j.changes, next)
	js.count(j, next.records())
	for j.records > js.each {
		js.count(j, -j.changes[0].records())
		j.changes[0] = change{}
		j.changes = j.changes[1:]
	}
	if len(j.changes) == 0 {
		js.empty(j)
	}
	for js.records > js.total {
		js.empty(js.order.Front().Value.(*journal))
	}
}

// clear removes the changes of a zone.
func (js *journals) clear(j *journal) {
	js.mu.Lock()
	defer js.mu.Unlock()
	js.empty(j)
}

// since returns the changes that lead a zone from one serial to another; nil if the
// journal does not have all of them.
func (js *journals) since(j *journal, from, to uint32) []change {
	js.mu.Lock()
	defer js.mu.Unlock()
	if n := len(j.changes); n == 0 || j.changes[n-1].to != to {
		return nil
	}
	for i := len(j.changes) - 1; i >= 0; i-- {
		if j.changes[i].from == from {
			return append([]change(nil), j.changes[i:]...)
		}
	}
	return nil
}

// The caller of the following methods must have locked mu.

func (js *journals) count(j *journal, records int) {
	j.records += records
	js.records += records
}

func (js *journals) empty(j *journal) {
	if j.place != nil {
		js.order.Remove(j.place)
		j.place = nil
	}
	js.count(j, -j.records)
	j.changes = nil
	js.free(j)
}

// free removes a journal that is not needed.
func (js *journals) free(j *journal) {
	if j.users == 0 && j.place == nil {
		delete(js.all, j.origin)
	}
}

func soaFirst(rrs []dns.RR) *dns.SOA {
	if len(rrs) == 0 {
		return nil
	}
	soa, _ := rrs[0].(*dns.SOA)
	return soa
}
