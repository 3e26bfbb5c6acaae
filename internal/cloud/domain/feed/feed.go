// Package feed brings the changes of domains to name servers. Each change is an
// entry of a log in the database. Every process that serves the domains has a Feed,
// which loads all domains at the start and then replays the log.
package feed

import (
	"log/slog"
	"sync"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/naming/dnssec"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// Publisher serves zones. Once a method has returned, queries are answered by the
// zones that it was given.
type Publisher interface {
	// Put adds or replaces a zone. If it rejects the zone, nothing changes.
	Put(zone.Zone) error
	// Apply changes a zone. If it rejects the change, nothing changes.
	Apply(zone.Change) error
	// Remove removes a zone and reports whether it was there.
	Remove(origin string) bool
	// Catalog makes the zones that were put and not removed, rejected or not, the
	// version of the catalog with that serial.
	Catalog(serial uint32) error
}

// Feed publishes the domains of a database. Its methods may be called concurrently.
type Feed struct {
	DB  *store.DB
	Log *slog.Logger

	// Publisher serves the domains; nil if this process serves none.
	Publisher Publisher

	// Denials caches the signatures of denials of signed domains; nil for no cache.
	Denials *dnssec.Cache

	// mu is locked while an entry is replayed: commits by this process and by others
	// are published one after another, in the order of the log.
	mu      sync.Mutex
	since   time.Time         // when Start was called
	seq     int64             // of the last entry that was replayed
	served  map[string]uint32 // serials of the publisher's zones, by origin
	signers map[string]signer // of the publisher's signed zones
	catalog uint32            // serial of the publisher's catalog
	ahead   bool              // the database had a newer version of a domain than the entry that was replayed
}

// Serving returns the serial with which a zone is served, 0 if it is not served, and
// the time at which this process began to serve zones.
func (f *Feed) Serving(origin string) (serial uint32, since time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.served[origin], f.since
}

func (f *Feed) setServed(origin string, serial uint32) {
	if f.served == nil {
		f.served = map[string]uint32{}
	}
	f.served[origin] = serial
}
