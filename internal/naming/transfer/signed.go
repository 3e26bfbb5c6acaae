package transfer

import (
	"container/list"
	"context"
	"iter"
	"runtime"
	"slices"
	"sync"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
)

const (
	// keepSigned is how long a signed version can be sent. Its signatures are valid
	// for 13 days when they are made, and a secondary may serve a copy for 7 days after
	// its last refresh.
	keepSigned = 12 * time.Hour
	// keepRecords is the most records of signed versions that are cached, some 300
	// bytes each.
	keepRecords = 100_000
)

// signedZones is an LRU cache of zones that were signed for secondaries: when several
// secondaries are notified of a version, it is signed once.
type signedZones struct {
	signing chan struct{} // limits how many are signed at a time, because answers have priority

	mu      sync.Mutex
	zones   map[string]*signedZone // by origin
	order   *list.List             // of the zones, the last used one at the front
	records int
}

func newSignedZones() *signedZones {
	return &signedZones{
		signing: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
		zones:   map[string]*signedZone{}, order: list.New(),
	}
}

// all yields the records of a version with their signatures in the order of a transfer:
// the SOA record is first and last. They are yielded while the zone is being signed,
// because some secondaries do not wait long. The zone is signed to its end even if the
// caller stops.
func (s *signedZones) all(ctx context.Context, view zonedata.View) iter.Seq2[mdns.RR, error] {
	return func(yield func(mdns.RR, error) bool) {
		z, first := s.enter(view)
		if first {
			var signing sync.WaitGroup
			signing.Go(func() {
				z.end(s.sign(ctx, z))
				s.finish(z)
			})
			defer signing.Wait()
		}
		z.each(yield)
	}
}

// enter returns the entry of a version, and whether the caller has to sign it.
func (s *signedZones) enter(view zonedata.View) (_ *signedZone, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	z := newSignedZone(view)
	if old := s.zones[view.Origin()]; old != nil {
		if old.view == view && time.Since(old.began) < keepSigned {
			s.order.MoveToFront(old.place)
			return old, false
		}
		s.drop(old)
		z.base = old
	}
	z.place = s.order.PushFront(z)
	s.zones[view.Origin()] = z
	return z, true
}

func (s *signedZones) sign(ctx context.Context, z *signedZone) error {
	select {
	case s.signing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.signing }()
	var earlier []mdns.RR
	if z.base != nil {
		earlier, z.base = z.base.whole(), nil
	}
	return z.view.Signer().SignZone(ctx, slices.Collect(z.view.Copy()), earlier, z.add)
}

// finish counts a version whose signing has ended, and removes the least recently used
// ones beyond keepRecords. A version that could not be signed is removed.
func (s *signedZones) finish(z *signedZone) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.zones[z.view.Origin()] != z {
		return // it has been replaced by another version
	}
	if z.size = len(z.whole()); z.size == 0 {
		s.drop(z)
		return
	}
	s.records += z.size
	for s.records > keepRecords && s.order.Len() > 1 {
		s.drop(s.order.Back().Value.(*signedZone))
	}
}

// forget removes a zone.
func (s *signedZones) forget(origin string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if z := s.zones[origin]; z != nil {
		s.drop(z)
	}
}

// drop removes a version. The caller must have locked mu.
func (s *signedZones) drop(z *signedZone) {
	delete(s.zones, z.view.Origin())
	s.order.Remove(z.place)
	s.records -= z.size
}
