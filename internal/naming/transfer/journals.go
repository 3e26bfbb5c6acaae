package transfer

import (
	"container/list"
	"sync"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// journals are the last changes of all zones, and the locks of those who change
// one.
type journals struct {
	each, total int // most records that are kept, of one zone and of all

	mu      sync.Mutex // of all that follows, and of what journals hold
	all     map[string]*journal
	order   *list.List // of those with changes, changed last at the back
	records int
}

// journal is the last changes of one zone, without a gap. It is there as long
// as it holds changes or somebody has or waits for its lock, so that all who
// change the zone wait for the same one.
type journal struct {
	origin  string
	zone    sync.Mutex // of who changes the zone
	users   int        // of that lock
	place   *list.Element
	changes []change
	records int
}

// change has copies of the records, which nobody changes.
type change struct {
	from, to       uint32
	removed, added []dns.RR // the SOA first
}

func (c change) records() int { return len(c.removed) + len(c.added) }

func newJournals(each, total int) *journals {
	return &journals{each: each, total: total, all: map[string]*journal{}, order: list.New()}
}

// lock returns a zone's journal. Until unlock nobody else has it.
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

// add keeps a change, and forgets the oldest of the zone beyond its limit, and
// all of the zones that have not changed for the longest beyond that of all.
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

// clear forgets a zone's changes.
func (js *journals) clear(j *journal) {
	js.mu.Lock()
	defer js.mu.Unlock()
	js.empty(j)
}

// since returns the changes that lead a zone from one serial to another; nil if
// they are not all there.
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

// These need the lock.

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

// free removes a journal that has no use.
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
