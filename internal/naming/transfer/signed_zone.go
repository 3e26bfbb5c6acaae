package transfer

import (
	"container/list"
	"sync"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns"
)

// signedZone is a version of a zone, signed or on the way to it.
type signedZone struct {
	view  dns.View
	began time.Time
	base  *signedZone // the version before; of who signs

	place *list.Element // of signedZones, as the next
	size  int           // of what is kept

	mu      sync.Mutex // of what follows
	changed sync.Cond
	records []mdns.RR // which nobody changes
	ended   bool
	err     error
}

func newSignedZone(view dns.View) *signedZone {
	z := &signedZone{view: view, began: time.Now()}
	z.changed.L = &z.mu
	return z
}

func (z *signedZone) add(rrs []mdns.RR) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.records = append(z.records, rrs...)
	z.changed.Broadcast()
}

func (z *signedZone) end(err error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.ended, z.err = true, err; err == nil {
		z.records = append(z.records, z.records[0])
	}
	z.changed.Broadcast()
}

// after returns the records after the first n, as soon as there are some, and
// at the end an error if they are not all.
func (z *signedZone) after(n int) ([]mdns.RR, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for n == len(z.records) && !z.ended {
		z.changed.Wait()
	}
	if n == len(z.records) {
		return nil, z.err
	}
	return z.records[n:], nil
}

// whole returns all records, none if they are not all there.
func (z *signedZone) whole() []mdns.RR {
	z.mu.Lock()
	defer z.mu.Unlock()
	if !z.ended || z.err != nil {
		return nil
	}
	return z.records
}

// each yields copies of the records, as they come.
func (z *signedZone) each(yield func(mdns.RR, error) bool) {
	for n := 0; ; {
		rrs, err := z.after(n)
		if err != nil {
			yield(nil, err)
		}
		if len(rrs) == 0 {
			return
		}
		for rr := range copies(rrs) {
			if !yield(rr, nil) {
				return
			}
		}
		n += len(rrs)
	}
}
