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

	mu     sync.Mutex // guards depths, and changes of zones, depth and above
	depths [128]int   // origins of so many labels
}

// New returns a table without zones.
func New() *Table { return &Table{} }

// hosted is the place of a zone in the table. It outlives changes of the zone.
type hosted struct {
	mu      sync.Mutex // serializes changes
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

// place returns the place of a zone, locked. It makes one if there is none.
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
		h.mu.Unlock() // the zone was removed meanwhile
	}
}

func (t *Table) make(wire string) *hosted {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h := t.zones.Load().Get([]byte(wire)); h != nil {
		return h
	}
	t.count(wire, 1)
	t.countBelow(wire, 1)
	h := &hosted{}
	t.zones.Store(t.zones.Load().Put(wire, h))
	return h
}

// count adds a change to the number of origins with so many labels.
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

// Put adds or replaces a zone. Until it returns, queries are answered by the zone
// as it was. It rejects a zone without an SOA, with records outside of it or of
// another class than IN, or with a CNAME beside other records; then nothing
// changes. Nothing else may use the records while it runs: miekg/dns writes their
// lengths into them.
func (t *Table) Put(z zone.Zone) error {
	wire, err := dnsname.Wire(z.Origin)
	if err != nil {
		return fmt.Errorf("zone %w", err)
	}
	base := &Contents{origin: dnsname.Text(wire), Wire: wire, apex: &Node{}, signer: newSigner(z.Signer)}
	d := newChange(base)
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

// ErrNoZone says that the table has no such zone.
var ErrNoZone = errors.New("the zone is not here")

// lock returns the place of a zone that the table has, locked.
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

// Apply changes a zone. Its cost depends on the change and hardly on the size of
// the zone. An answer is from before the change or from after it. Apply rejects a
// change that removes a record which the zone does not have (with the same data;
// the TTL does not matter) or adds one that it has: the zone then differs from
// what the caller assumes and has to be Put. ErrNoZone if the table has no such
// zone.
func (t *Table) Apply(change zone.Change) error {
	h, err := t.lock(change.Origin)
	if err != nil {
		return fmt.Errorf("zone %s: %w", change.Origin, err)
	}
	defer h.mu.Unlock()
	d := newChange(h.current.Load())
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

// SetSigner replaces the signer of a zone, by none if it is nil, until the zone is
// Put again. Signatures by the old signer are not used any more. ErrNoZone if the
// table has no such zone.
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

// store sets the contents of a place that the caller has locked; nil for none.
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

// Remove removes a zone. False if the table has no such zone.
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
	t.countBelow(wire, -1)
	return true
}
