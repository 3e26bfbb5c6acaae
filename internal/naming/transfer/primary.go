// Package transfer makes the name server a primary: secondaries copy its zones
// by AXFR (RFC 5936) and IXFR (RFC 1995), are told of changes by NOTIFY (RFC 1996)
// and of zones by a catalog (RFC 9432). Signed zones go with their signatures.
//
//	primary, err := transfer.New(transfer.Config{Keys: keys, Allow: prefixes})
//	server, err := dns.New(dns.Config{Transfer: primary.Transfer, TSIG: primary.TSIG(), …})
//	primary.Attach(server)
//	err = primary.Put(zone) // and Apply and Remove: in place of the server's
//	err = primary.Catalog(serial) // when zones have come or gone
//	err = primary.Start() // when the zones are there; Close ends it
package transfer

import (
	"context"
	"errors"
	"net/netip"
	"sync"

	mdns "github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// Config says who may copy zones.
type Config struct {
	Keys           []Key                 // whoever signs by one of them may copy
	Allow          []netip.Prefix        // addresses that may copy without a key
	JournalRecords int                   // most that are kept of a zone's changes; default 2,000
	JournalTotal   int                   // most that are kept of all zones' changes, some 250 bytes each; default 100,000
	Secondaries    []Secondary           // who is told of changes
	Catalog        string                // name of the catalog zone, as catalog.invalid.; "": there is none
	Registry       prometheus.Registerer // gets the figures; nil: nobody does
}

// Primary stands between who keeps the zones and the server that answers them.
type Primary struct {
	config  Config
	keys    keys
	server  *dns.Server
	metrics *metrics
	signed  *signedZones

	catalog   catalog
	notifiers []*notifier
	ctx       context.Context // ends with Close
	cancel    context.CancelFunc
	wg        sync.WaitGroup
	journals  *journals
}

// New returns a primary that has to be attached to its server.
func New(config Config) (*Primary, error) {
	keys, err := newKeys(config.Keys)
	if err != nil {
		return nil, err
	}
	if config.JournalRecords == 0 {
		config.JournalRecords = 2_000
	}
	if config.JournalTotal == 0 {
		config.JournalTotal = 100_000
	}
	m, err := newMetrics(config.Registry)
	if err != nil {
		return nil, err
	}
	p := &Primary{config: config, keys: keys, metrics: m, signed: newSignedZones(), journals: newJournals(config.JournalRecords, config.JournalTotal)}
	if config.Catalog != "" {
		p.catalog.origin, p.catalog.members = mdns.CanonicalName(config.Catalog), map[string]bool{}
		p.catalog.changed = map[string]bool{}
		if err := p.catalog.check(); err != nil {
			return nil, err
		}
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p, p.makeNotifiers()
}

// Attach says which server the zones are in. It comes before all else.
func (p *Primary) Attach(server *dns.Server) { p.server = server }

// TSIG returns what knows the keys, for the server's configuration.
func (p *Primary) TSIG() mdns.TsigProvider { return p.keys }

// Put puts a zone as the server does. Who has an older one has to copy it whole.
// The next version of the catalog lists it, also if the server refuses it: a
// later one may be taken.
func (p *Primary) Put(z zone.Zone) error {
	if p.isCatalog(z.Origin) {
		return errors.New("transfer: the catalog's name is no zone's")
	}
	p.catalog.note(z.Origin, true)
	return p.put(z)
}

func (p *Primary) isCatalog(origin string) bool {
	return p.catalog.origin != "" && mdns.CanonicalName(origin) == p.catalog.origin
}

func (p *Primary) put(z zone.Zone) error {
	j := p.journals.lock(z.Origin)
	defer p.journals.unlock(j)
	if err := p.server.Put(z); err != nil {
		return err
	}
	p.journals.clear(j)
	p.notify(z.Origin)
	return nil
}

// Apply changes a zone as the server does, and keeps the change for IXFR. A new
// serial and nothing else tells that a zone below has changed what copies of this
// one have of it: they are made anew.
func (p *Primary) Apply(c zone.Change) error {
	j := p.journals.lock(c.Origin)
	defer p.journals.unlock(j)
	if err := p.server.Apply(c); err != nil {
		return err
	}
	if len(c.Removed) == 1 && len(c.Added) == 1 && !p.isCatalog(c.Origin) {
		p.journals.clear(j)
	} else if view, ok := p.server.Zone(c.Origin); ok && view.Signer() == nil { // signed zones are sent whole
		p.journals.add(j, c)
	}
	p.notify(c.Origin)
	return nil
}

// Remove removes a zone as the server does. The next version of the catalog
// does not list it.
func (p *Primary) Remove(origin string) bool {
	if p.isCatalog(origin) {
		return false
	}
	p.catalog.note(origin, false)
	j := p.journals.lock(origin)
	defer p.journals.unlock(j)
	p.journals.clear(j)
	p.signed.forget(mdns.CanonicalName(origin))
	return p.server.Remove(origin)
}
