package domain

import (
	"context"
	"net/netip"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/feed"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonefile"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// Create is the parameters of a new domain.
type Create struct {
	Name      string         `json:"name"`
	IPAddress *string        `json:"ip_address"` // of an address record at the apex
	TTL       *record.Number `json:"ttl"`
	File      *zonefile.File `json:"-"` // nil for none
}

// Create creates a domain with the records that every domain has and with those of
// its zone file.
func (s *Service) Create(ctx context.Context, tx *store.Tx, accountID int64, c Create) (zonedb.Domain, error) {
	p, err := s.prepareCreate(ctx, tx, accountID, c)
	if err != nil {
		return zonedb.Domain{}, err
	}
	if err := zonedb.Insert(ctx, tx, &p.domain); err != nil {
		if store.IsUnique(err) {
			err = errNameTaken
		}
		return zonedb.Domain{}, err
	}
	d, err := s.do(ctx, tx, p)
	if err != nil {
		return d, err
	}
	return d, s.domainChanged(ctx, tx, d)
}

// The messages are the contract's: clients compare them.
var (
	errNameTaken   = apierr.Invalid("name", "Name already exists")
	errNameOfOther = apierr.Invalid("name", "Name is below a domain of another account")
)

// prepareCreate returns the edit that creates the domain. It writes nothing.
func (s *Service) prepareCreate(ctx context.Context, q store.Querier, accountID int64, c Create) (p prepared, err error) {
	name, err := record.ValidName(c.Name)
	if err != nil {
		return p, err
	}
	if err := checkFree(ctx, q, accountID, name); err != nil {
		return p, err
	}
	d := zonedb.Domain{AccountID: accountID, Zone: record.Zone{Name: name, TTL: defaultTTL, Primary: s.Nameservers[0]}}
	if d.Serial, err = zonedb.LastSerial(ctx, q, name); err != nil {
		return p, err
	}
	p.edit = newEdit(q, d)
	p.isNew = true
	if c.File != nil {
		p.zoneImport = s.readZoneFile(p.edit, c.File)
	}
	if p.ttl, err = record.CheckTTL(c.TTL, p.ttl); err != nil {
		return p, err
	}
	p.domain.TTL = p.ttl
	p.operations = append(p.defaults(s.Nameservers, p.operations), p.operations...)
	if c.IPAddress != nil {
		o, err := addressOperation(*c.IPAddress, p.ttl)
		if err != nil {
			return p, err
		}
		p.operations = append(p.operations, o)
	}
	return p, nil
}

// checkFree rejects a name that is taken, and a name below a domain of another
// account: that account decides about the names in its domain.
func checkFree(ctx context.Context, q store.Querier, accountID int64, name string) error {
	for i, ancestor := range record.Ancestors(name) {
		found, ok, err := zonedb.Hosted(ctx, q, ancestor)
		switch {
		case err != nil:
			return err
		case ok && i == 0:
			return errNameTaken
		case ok && found.AccountID != accountID:
			return errNameOfOther
		}
	}
	return nil
}

// defaults returns the operations that create the records that every domain has: the
// SOA record, and NS records unless operations creates some at the apex.
func (e *edit) defaults(nameservers []string, operations []*operation) []*operation {
	soa := record.Record{Type: record.TypeSOA, Name: record.Apex, Data: strconv.Itoa(record.SOAMinimum), TTL: e.ttl}
	all := []*operation{{kind: kindCreate, ready: &soa, given: true}}
	for _, o := range operations {
		if o.ready != nil && o.ready.Type == record.TypeNS && o.ready.Name == record.Apex {
			return all
		}
	}
	for _, name := range nameservers {
		r := record.Record{Type: record.TypeNS, Name: record.Apex, Data: name, TTL: e.ttl}
		if name == e.domain.Name {
			r.Data = record.Apex
		}
		all = append(all, &operation{kind: kindCreate, ready: &r, given: true})
	}
	return all
}

// addressOperation creates the address record at the apex.
func addressOperation(text string, ttl int) (*operation, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, apierr.Invalid("ip_address", "Data can't be blank")
	}
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" {
		return nil, apierr.Invalid("ip_address", "IP address needs to be a valid IPv4 or IPv6 address")
	}
	r := record.Record{Type: "A", Name: record.Apex, Data: text, TTL: ttl}
	if address.Is6() {
		r.Type = "AAAA"
	}
	return &operation{kind: kindCreate, ready: &r}, nil
}

// applyAll applies operations and joins their faults into one error.
func (e *edit) applyAll(ctx context.Context, operations []*operation) error {
	faults, err := e.apply(ctx, operations)
	if err != nil {
		return err
	}
	return joinFaults(faults)
}

// Delete removes a domain with all its records.
func (s *Service) Delete(ctx context.Context, tx *store.Tx, accountID int64, idOrName string) (zonedb.Domain, error) {
	d, err := zonedb.Find(ctx, tx, accountID, idOrName)
	if err != nil {
		return d, err
	}
	gone := d
	gone.Serial = zone.NextSerial(d.Serial, 0, tx.Now())
	if err := zonedb.Delete(ctx, tx, gone); err != nil {
		return d, err
	}
	if err := s.Feed.Append(ctx, tx, feed.Entry{Kind: feed.Removed, Name: d.Name, From: d.Serial, Serial: gone.Serial, NewCatalog: true}); err != nil {
		return d, err
	}
	if err := s.delegationChanged(ctx, tx, d.Name); err != nil {
		return d, err
	}
	return d, s.domainChanged(ctx, tx, d)
}

// Change is the parameters of a change of a domain.
type Change struct {
	TTL  *record.Number `json:"ttl"`
	File *zonefile.File `json:"-"` // replaces all records; nil to keep them
}

// Update changes a domain's TTL, which is that of its SOA record, or replaces
// its records by those of a zone file.
func (s *Service) Update(ctx context.Context, tx *store.Tx, accountID int64, idOrName string, c Change) (zonedb.Domain, error) {
	d, err := zonedb.Find(ctx, tx, accountID, idOrName)
	if err != nil {
		return d, err
	}
	p, err := s.prepareUpdate(ctx, tx, d, c)
	if err != nil {
		return d, err
	}
	return s.do(ctx, tx, p)
}

func (s *Service) prepareUpdate(ctx context.Context, q store.Querier, d zonedb.Domain, c Change) (p prepared, err error) {
	p.edit = newEdit(q, d)
	if c.File != nil {
		if err := p.loadAll(ctx); err != nil {
			return p, err
		}
		p.zoneImport = s.readZoneFile(p.edit, c.File)
	}
	ttl, err := record.CheckTTL(c.TTL, p.ttl)
	if err != nil {
		return p, err
	}
	return p, p.setTTL(ctx, ttl)
}
