// Package transfer makes the name server a primary. Secondaries copy its zones by AXFR
// (RFC 5936) and IXFR (RFC 1995), signed zones with their signatures. They learn of
// changes by NOTIFY (RFC 1996) and of zones by a catalog zone (RFC 9432).
//
//	zones := zonedata.New()
//	primary, err := transfer.New(zones, transfer.Config{Keys: keys, Allow: prefixes})
//	server, err := dns.New(zones, dns.Config{Answers: answer.Config{Transfer: primary.Transfer, TSIG: primary.TSIG()}, …})
//	err = primary.Put(zone) // and Apply and Remove, instead of those of zones
//	err = primary.Catalog(serial) // when zones have been added or removed
//	err = primary.Start() // when the server has the zones; Close ends it
package transfer

import (
	"context"
	"errors"
	"net/netip"
	"sync"

	mdns "github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// Config configures a Primary.
type Config struct {
	Keys           []Key                 // clients that sign by one of them may copy zones
	Allow          []netip.Prefix        // addresses that may copy zones without a key
	JournalRecords int                   // most records in the journal of a zone; default 2,000
	JournalTotal   int                   // most records in all journals, some 250 bytes each; default 100,000
	Secondaries    []Secondary           // get NOTIFY messages
	Catalog        string                // name of the catalog zone, such as catalog.invalid.; "" for none
	Registry       prometheus.Registerer // of the metrics; nil for none
}

// Primary passes zones on to the name server, and serves them to secondaries.
type Primary struct {
	config  Config
	keys    keys
	zones   *zonedata.Table
	metrics *metrics
	signed  *signedZones

	catalog   catalog
	notifiers []*notifier
	ctx       context.Context // ends with Close
	cancel    context.CancelFunc
	wg        sync.WaitGroup
	journals  *journals
}

// New returns a primary, which has to be attached to its server.
func New(zones *zonedata.Table, config Config) (*Primary, error) {
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
	p := &Primary{config: config, zones: zones, keys: keys, metrics: m, signed: newSignedZones(), journals: newJournals(config.JournalRecords, config.JournalTotal)}
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

// TSIG returns the TSIG keys for the server's configuration.
func (p *Primary) TSIG() mdns.TsigProvider { return p.keys }

// Put adds or replaces a zone. Secondaries have to copy the whole zone. The next
// version of the catalog lists it even if the server rejects it: the server may accept
// a later version.
func (p *Primary) Put(z zone.Zone) error {
	if p.isCatalog(z.Origin) {
		return errors.New("transfer: the catalog's name is no zone's")
	}
	p.catalog.list(z.Origin, true)
	return p.put(z)
}

func (p *Primary) isCatalog(origin string) bool {
	return p.catalog.origin != "" && mdns.CanonicalName(origin) == p.catalog.origin
}

func (p *Primary) put(z zone.Zone) error {
	j := p.journals.lock(z.Origin)
	defer p.journals.unlock(j)
	if err := p.zones.Put(z); err != nil {
		return err
	}
	p.journals.clear(j)
	p.notify(z.Origin)
	return nil
}

// Apply changes a zone and adds the change to its journal for IXFR. A change of the
// serial alone means that the delegation of a zone below has changed. Copies of this
// zone contain it, so the journal is cleared and secondaries copy the whole zone.
func (p *Primary) Apply(c zone.Change) error {
	j := p.journals.lock(c.Origin)
	defer p.journals.unlock(j)
	if err := p.zones.Apply(c); err != nil {
		return err
	}
	if len(c.Removed) == 1 && len(c.Added) == 1 && !p.isCatalog(c.Origin) {
		p.journals.clear(j)
	} else if view, ok := p.zones.Zone(c.Origin); ok && view.Signer() == nil { // signed zones are sent whole
		p.journals.add(j, c)
	}
	p.notify(c.Origin)
	return nil
}

// Remove removes a zone and reports whether it was there. The next version of the
// catalog does not list it.
func (p *Primary) Remove(origin string) bool {
	if p.isCatalog(origin) {
		return false
	}
	p.catalog.list(origin, false)
	j := p.journals.lock(origin)
	defer p.journals.unlock(j)
	p.journals.clear(j)
	p.signed.forget(mdns.CanonicalName(origin))
	return p.zones.Remove(origin)
}
