package transfer

import (
	"container/list"
	"sync"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
)

// signedZone is a version of a zone that is signed or being signed.
type signedZone struct {
	view  zonedata.View
	began time.Time
	base  *signedZone // the version before; only for the goroutine that signs

	place *list.Element // guarded by signedZones.mu, like size
	size  int           // number of records

	mu      sync.Mutex // guards the following fields
	changed sync.Cond
	records []mdns.RR // must not be changed
	ended   bool
	err     error
}

func newSignedZone(view zonedata.View) *signedZone {
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

// after waits for records after the first n and returns them. When there will be no
// more, it returns none, and an error if the zone is not complete.
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

// whole returns all records; none if the zone is not completely signed.
func (z *signedZone) whole() []mdns.RR {
	z.mu.Lock()
	defer z.mu.Unlock()
	if !z.ended || z.err != nil {
		return nil
	}
	return z.records
}

// each yields copies of the records as they are signed.
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
