package zonedata

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnsname"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/trie"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// Table holds the zones. Readers take no lock.
type Table struct {
	zones                 atomic.Pointer[trie.Map[hosted]]  // by origin in wire form, lower case
	depth                 [2]atomic.Uint64                  // which numbers of labels origins have
	zoneCount, allRecords atomic.Int64                      // of all zones
	above                 atomic.Pointer[trie.Map[beneath]] // the names above origins

	mu     sync.Mutex // of what follows, and of who changes zones and depth
	depths [128]int   // origins of so many labels
}

// New returns a table without zones.
func New() *Table { return &Table{} }

// hosted is a zone's place, whatever it holds.
type hosted struct {
	mu      sync.Mutex // of who changes it
	current atomic.Pointer[Contents]
	gone    bool
}

// Find returns the zone that a name in wire form, lower case, is in, and the
// label its origin begins at; nil if there is none. The name's labels, without
// the root, begin where labels says. Of zones the lowest wins.
func (t *Table) Find(name []byte, labels []uint8, from int) (*Contents, int) {
	zones := t.zones.Load()
	for i := from; i <= len(labels); i++ {
		depth := len(labels) - i
		if t.depth[depth>>6].Load()&(1<<(depth&63)) == 0 {
			continue
		}
		start := len(name) - 1 // the root
		if i < len(labels) {
			start = int(labels[i])
		}
		if h := zones.Get(name[start:]); h != nil {
			if c := h.current.Load(); c != nil {
				return c, i
			}
		}
	}
	return nil, 0
}

// ZoneCount returns the number of zones.
func (t *Table) ZoneCount() int { return int(t.zoneCount.Load()) }

// RecordCount returns the number of records in all zones.
func (t *Table) RecordCount() int { return int(t.allRecords.Load()) }

// get returns the contents of a zone, or nil.
func (t *Table) get(origin string) *Contents {
	wire, err := dnsname.Wire(origin)
	if err != nil {
		return nil
	}
	h := t.zones.Load().Get([]byte(wire))
	if h == nil {
		return nil
	}
	return h.current.Load()
}

// place returns the locked place of a zone, made if need be.
func (t *Table) place(wire string) *hosted {
	for {
		h := t.zones.Load().Get([]byte(wire))
		if h == nil {
			h = t.make(wire)
		}
		h.mu.Lock()
		if !h.gone {
			return h
		}
		h.mu.Unlock() // removed meanwhile
	}
}

func (t *Table) make(wire string) *hosted {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h := t.zones.Load().Get([]byte(wire)); h != nil {
		return h
	}
	t.count(wire, 1)
	t.tell(wire, 1)
	h := &hosted{}
	t.zones.Store(t.zones.Load().Put(wire, h))
	return h
}

// count keeps depth.
func (t *Table) count(wire string, change int) {
	depth := dnsname.LabelCount(wire)
	t.depths[depth] += change
	bit := uint64(1) << (depth & 63)
	if t.depths[depth] > 0 {
		t.depth[depth>>6].Or(bit)
	} else {
		t.depth[depth>>6].And(^bit)
	}
}

// Put makes a zone what is given, whether it was there or not. When it has
// returned, queries are answered by it; until then by what was there. It
// refuses a zone without an SOA, with records outside of it or of another class
// than IN, or with a CNAME beside other records; then nothing changes. Nobody
// else may use the records while it runs: miekg/dns notes their lengths.
func (t *Table) Put(z zone.Zone) error {
	wire, err := dnsname.Wire(z.Origin)
	if err != nil {
		return fmt.Errorf("zone %w", err)
	}
	base := &Contents{origin: dnsname.Text(wire), Wire: wire, apex: &Node{}, signer: newSigner(z.Signer)}
	d := newDraft(base)
	defer d.free()
	for _, rr := range z.Records {
		if _, err := d.add(rr); err != nil {
			return fmt.Errorf("zone %s: %w", z.Origin, err)
		}
	}
	c, err := d.finish()
	if err == nil {
		c.ds, err = c.packDS(z.DS)
	}
	if err != nil {
		return fmt.Errorf("zone %s: %w", z.Origin, err)
	}
	h := t.place(wire)
	defer h.mu.Unlock()
	t.store(h, c)
	return nil
}

// ErrNoZone tells that a zone is not there.
var ErrNoZone = errors.New("the zone is not here")

// lock returns the locked place of a zone that is there.
func (t *Table) lock(origin string) (*hosted, error) {
	wire, err := dnsname.Wire(origin)
	if err != nil {
		return nil, err
	}
	h := t.zones.Load().Get([]byte(wire))
	if h == nil {
		return nil, ErrNoZone
	}
	h.mu.Lock()
	if h.current.Load() == nil {
		h.mu.Unlock()
		return nil, ErrNoZone
	}
	return h, nil
}

// Apply changes a zone, at a price that depends on the change and hardly on the
// size of the zone. It is all or nothing: an answer is from before or after
// it. It refuses a change that removes what is not in the zone (with the same
// data; the TTL does not matter) or adds what is: the zone is then not what the
// caller thinks and has to be Put. ErrNoZone if the zone is not there.
func (t *Table) Apply(change zone.Change) error {
	h, err := t.lock(change.Origin)
	if err != nil {
		return fmt.Errorf("zone %s: %w", change.Origin, err)
	}
	defer h.mu.Unlock()
	d := newDraft(h.current.Load())
	defer d.free()
	for _, rr := range change.Removed {
		if err := d.remove(rr); err != nil {
			return fmt.Errorf("zone %s: %w", change.Origin, err)
		}
	}
	for _, rr := range change.Added {
		if twice, err := d.add(rr); err != nil {
			return fmt.Errorf("zone %s: %w", change.Origin, err)
		} else if twice {
			return fmt.Errorf("zone %s: %s is in the zone already", change.Origin, rr)
		}
	}
	c, err := d.finish()
	if err != nil {
		return fmt.Errorf("zone %s: %w", change.Origin, err)
	}
	t.store(h, c)
	return nil
}

// SetSigner has a zone signed by another signer, or by none if it is nil, until
// it is Put again. What the old one has signed is forgotten.
func (t *Table) SetSigner(origin string, by zone.Signer) error {
	h, err := t.lock(origin)
	if err != nil {
		return fmt.Errorf("zone %s: %w", origin, err)
	}
	defer h.mu.Unlock()
	next := *h.current.Load()
	next.signer = newSigner(by)
	h.current.Store(&next)
	return nil
}

// store replaces what a place holds, which the caller has locked; nil empties it.
func (t *Table) store(h *hosted, c *Contents) {
	count := func(c *Contents, sign int64) {
		if c != nil {
			t.zoneCount.Add(sign)
			t.allRecords.Add(sign * int64(c.records))
		}
	}
	count(h.current.Load(), -1)
	count(c, 1)
	h.current.Store(c)
}

// Remove removes a zone, and tells whether it was there.
func (t *Table) Remove(origin string) bool {
	h, err := t.lock(origin)
	if err != nil {
		return false
	}
	defer h.mu.Unlock()
	wire := h.current.Load().Wire
	h.gone = true
	t.store(h, nil)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.zones.Store(t.zones.Load().Without(wire))
	t.count(wire, -1)
	t.tell(wire, -1)
	return true
}
