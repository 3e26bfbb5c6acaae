package transfer

import (
	"sync"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/zone"
)

// journal is the last changes of one zone, without a gap.
type journal struct {
	mu      sync.Mutex // of who changes the zone, too
	changes []change
	records int
}

// change has copies of the records, which nobody changes.
type change struct {
	from, to       uint32
	removed, added []dns.RR // the SOA first
}

func (j *journal) clear() { j.changes, j.records = nil, 0 }

// add keeps a change, and forgets the oldest beyond the limit.
func (j *journal) add(c zone.Change, limit int) {
	from, to := soaFirst(c.Removed), soaFirst(c.Added)
	if from == nil || to == nil || len(j.changes) > 0 && j.changes[len(j.changes)-1].to != from.Serial {
		j.clear() // a gap
		return
	}
	j.changes = append(j.changes, change{from.Serial, to.Serial, copied(c.Removed), copied(c.Added)})
	j.records += len(c.Removed) + len(c.Added)
	for j.records > limit {
		j.records -= len(j.changes[0].removed) + len(j.changes[0].added)
		j.changes[0] = change{}
		j.changes = j.changes[1:]
	}
}

// since returns the changes that lead from one serial to another; nil if they
// are not all there.
func (j *journal) since(from, to uint32) []change {
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

func soaFirst(rrs []dns.RR) *dns.SOA {
	if len(rrs) == 0 {
		return nil
	}
	soa, _ := rrs[0].(*dns.SOA)
	return soa
}

func copied(rrs []dns.RR) []dns.RR {
	all := make([]dns.RR, len(rrs))
	for i, rr := range rrs {
		all[i] = dns.Copy(rr)
	}
	return all
}
