package transfer

import (
	"container/list"
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/dns"
)

const (
	// keepSigned is for how long a signed version is sent again. Its signatures
	// held for 13 days then, and a copy may be served for 7 days after it was
	// last compared.
	keepSigned = 12 * time.Hour
	// keepRecords is how many records of signed versions are kept: some 300
	// bytes each.
	keepRecords = 100_000
)

// signedZones has the versions that were signed last for secondaries, so that
// those that are told of one version at once have it signed once.
type signedZones struct {
	signing chan struct{} // bounds how many are signed at a time: answers go first

	mu      sync.Mutex
	zones   map[string]*signedZone // by origin
	order   *list.List             // of them, used last at the front
	records int
}

// signedZone is a version of a zone. Nobody changes its records.
type signedZone struct {
	view  dns.View
	began time.Time
	place *list.Element
	base  []mdns.RR     // the version before, as far as it is kept; of who signs
	size  int           // of what is kept
	done  chan struct{} // closed when the following are there

	records []mdns.RR
	err     error
}

func newSignedZones() *signedZones {
	return &signedZones{
		signing: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
		zones:   map[string]*signedZone{}, order: list.New(),
	}
}

// get returns the records of a version with their signatures, as they are sent:
// the SOA first and last.
func (s *signedZones) get(ctx context.Context, view dns.View) ([]mdns.RR, error) {
	z, first := s.enter(view)
	if first {
		z.records, z.err = s.sign(ctx, view, z.base)
		z.base = nil
		s.settle(z)
		close(z.done)
	}
	select {
	case <-z.done:
		return z.records, z.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// enter returns the place of a version, and whether the caller has to sign it.
func (s *signedZones) enter(view dns.View) (_ *signedZone, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var base []mdns.RR
	if z := s.zones[view.Origin()]; z != nil {
		if z.view == view && time.Since(z.began) < keepSigned {
			s.order.MoveToFront(z.place)
			return z, false
		}
		s.drop(z)
		if z.size > 0 {
			base = z.records
		}
	}
	z := &signedZone{view: view, began: time.Now(), base: base, done: make(chan struct{})}
	z.place = s.order.PushFront(z)
	s.zones[view.Origin()] = z
	return z, true
}

func (s *signedZones) sign(ctx context.Context, view dns.View, base []mdns.RR) ([]mdns.RR, error) {
	select {
	case s.signing <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-s.signing }()
	records, err := view.Signer().SignZone(ctx, slices.Collect(view.Records()), base)
	if err != nil {
		return nil, err
	}
	return append(records, records[0]), nil
}

// settle keeps a version that has been signed, and forgets those beyond the
// bound, or this one if it could not be.
func (s *signedZones) settle(z *signedZone) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.zones[z.view.Origin()] != z {
		return // another version has come meanwhile
	}
	if z.err != nil {
		s.drop(z)
		return
	}
	z.size = len(z.records)
	s.records += z.size
	for s.records > keepRecords && s.order.Len() > 1 {
		s.drop(s.order.Back().Value.(*signedZone))
	}
}

// forget forgets a zone that is gone.
func (s *signedZones) forget(origin string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if z := s.zones[origin]; z != nil {
		s.drop(z)
	}
}

// drop needs the lock.
func (s *signedZones) drop(z *signedZone) {
	delete(s.zones, z.view.Origin())
	s.order.Remove(z.place)
	s.records -= z.size
}
