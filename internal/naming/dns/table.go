package dns

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// table holds the zones. Readers take no lock.
type table struct {
	zones         atomic.Pointer[trie[hosted]] // by origin in wire form, lower case
	depth         [2]atomic.Uint64             // which numbers of labels origins have
	size, records atomic.Int64
	above         atomic.Pointer[trie[beneath]] // the names above origins

	mu     sync.Mutex // of what follows, and of who changes zones and depth
	depths [128]int   // origins of so many labels
}

// hosted is a zone's place, whatever it holds.
type hosted struct {
	mu      sync.Mutex // of who changes it
	current atomic.Pointer[contents]
	gone    bool
}

// find returns the zone that a name in wire form, lower case, is in, and the
// label its origin begins at; nil if there is none. The name's labels, without
// the root, begin where labels says. Of zones the lowest wins.
func (t *table) find(name []byte, labels []uint8, from int) (*contents, int) {
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
		if h := zones.get(name[start:]); h != nil {
			if c := h.current.Load(); c != nil {
				return c, i
			}
		}
	}
	return nil, 0
}

// get returns the contents of a zone, or nil.
func (t *table) get(origin string) *contents {
	wire, err := wireName(origin)
	if err != nil {
		return nil
	}
	h := t.zones.Load().get([]byte(wire))
	if h == nil {
		return nil
	}
	return h.current.Load()
}

// place returns the locked place of a zone, made if need be.
func (t *table) place(wire string) *hosted {
	for {
		h := t.zones.Load().get([]byte(wire))
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

func (t *table) make(wire string) *hosted {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h := t.zones.Load().get([]byte(wire)); h != nil {
		return h
	}
	t.count(wire, 1)
	t.tell(wire, 1)
	h := &hosted{}
	t.zones.Store(t.zones.Load().put(wire, h))
	return h
}

// count keeps depth.
func (t *table) count(wire string, change int) {
	depth := labelCount(wire)
	t.depths[depth] += change
	bit := uint64(1) << (depth & 63)
	if t.depths[depth] > 0 {
		t.depth[depth>>6].Or(bit)
	} else {
		t.depth[depth>>6].And(^bit)
	}
}

// put sets the whole zone.
func (t *table) put(z zone.Zone) error {
	wire, err := wireName(z.Origin)
	if err != nil {
		return fmt.Errorf("zone %w", err)
	}
	base := &contents{origin: presentation(wire), wire: wire, apex: &node{}, signer: newSigner(z.Signer)}
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
func (t *table) lock(origin string) (*hosted, error) {
	wire, err := wireName(origin)
	if err != nil {
		return nil, err
	}
	h := t.zones.Load().get([]byte(wire))
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

// apply makes a change of a zone, whole or not at all.
func (t *table) apply(change zone.Change) error {
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

// setSigner has a zone signed from now on.
func (t *table) setSigner(origin string, by zone.Signer) error {
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
func (t *table) store(h *hosted, c *contents) {
	count := func(c *contents, sign int64) {
		if c != nil {
			t.size.Add(sign)
			t.records.Add(sign * int64(c.records))
		}
	}
	count(h.current.Load(), -1)
	count(c, 1)
	h.current.Store(c)
}

// remove removes a zone; whether it was there.
func (t *table) remove(origin string) bool {
	h, err := t.lock(origin)
	if err != nil {
		return false
	}
	defer h.mu.Unlock()
	wire := h.current.Load().wire
	h.gone = true
	t.store(h, nil)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.zones.Store(t.zones.Load().without(wire))
	t.count(wire, -1)
	t.tell(wire, -1)
	return true
}
