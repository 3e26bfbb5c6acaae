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

	"github.com/rockpool-cloud/rockpool/internal/naming/dns"
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

func newSignedZones() *signedZones {
	return &signedZones{
		signing: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
		zones:   map[string]*signedZone{}, order: list.New(),
	}
}

// all yields the records of a version with their signatures, as they are sent:
// the SOA first and last. They come while they are signed, as some secondaries
// do not wait long, and the signing goes on whether they are taken or not.
func (s *signedZones) all(ctx context.Context, view dns.View) iter.Seq2[mdns.RR, error] {
	return func(yield func(mdns.RR, error) bool) {
		z, first := s.enter(view)
		if first {
			var signing sync.WaitGroup
			signing.Go(func() {
				z.end(s.sign(ctx, z))
				s.settle(z)
			})
			defer signing.Wait()
		}
		z.each(yield)
	}
}

// enter returns the place of a version, and whether the caller has to have it
// signed.
func (s *signedZones) enter(view dns.View) (_ *signedZone, first bool) {
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

// settle keeps a version that has been signed, and forgets those beyond the
// bound, or this one if it could not be.
func (s *signedZones) settle(z *signedZone) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.zones[z.view.Origin()] != z {
		return // another version has come meanwhile
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
