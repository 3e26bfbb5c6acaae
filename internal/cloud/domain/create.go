package domain

import (
	"context"
	"net/netip"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Create is what a client says of a new domain.
type Create struct {
	Name      string    `json:"name"`
	IPAddress *string   `json:"ip_address"` // of the apex
	TTL       *Number   `json:"ttl"`
	File      *ZoneFile `json:"-"` // with its records
}

// Create makes a domain: with the records of its zone file if it has one, and
// with what every domain has.
func (s *Service) Create(ctx context.Context, tx *store.Tx, accountID int64, c Create) (Domain, error) {
	p, err := s.prepareCreate(ctx, tx, accountID, c)
	if err != nil {
		return Domain{}, err
	}
	if err := insert(ctx, tx, &p.domain); err != nil {
		if store.IsUnique(err) {
			err = errNameTaken
		}
		return Domain{}, err
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

// prepareCreate finds out what makes the domain. It writes nothing.
func (s *Service) prepareCreate(ctx context.Context, q store.Querier, accountID int64, c Create) (p prepared, err error) {
	name, err := validName(c.Name)
	if err != nil {
		return p, err
	}
	if err := checkFree(ctx, q, accountID, name); err != nil {
		return p, err
	}
	d := Domain{AccountID: accountID, Name: name, Primary: s.Nameservers[0], TTL: defaultTTL}
	if d.Serial, err = lastSerial(ctx, q, name); err != nil {
		return p, err
	}
	p.edit = newEdit(q, d)
	p.isNew = true
	if c.File != nil {
		p.zoneImport = s.readZoneFile(p.edit, c.File)
	}
	if p.ttl, err = checkTTL(c.TTL, p.ttl); err != nil {
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

// checkFree refuses a name that is taken, or that lies below a domain of
// another account: its owner decides about what is below.
func checkFree(ctx context.Context, q store.Querier, accountID int64, name string) error {
	for i, ancestor := range ancestors(name) {
		found, ok, err := hosted(ctx, q, ancestor)
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

// defaults makes the records that every domain has: SOA, and NS unless the
// operations make some.
func (e *edit) defaults(nameservers []string, operations []*operation) []*operation {
	soa := Record{Type: typeSOA, Name: apex, Data: strconv.Itoa(soaMinimum), TTL: e.ttl}
	all := []*operation{{kind: kindCreate, ready: &soa, given: true}}
	for _, o := range operations {
		if o.ready != nil && o.ready.Type == typeNS && o.ready.Name == apex {
			return all
		}
	}
	for _, name := range nameservers {
		r := Record{Type: typeNS, Name: apex, Data: name, TTL: e.ttl}
		if name == e.domain.Name {
			r.Data = apex
		}
		all = append(all, &operation{kind: kindCreate, ready: &r, given: true})
	}
	return all
}

// addressOperation makes the record of a domain's own address.
func addressOperation(text string, ttl int) (*operation, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, apierr.Invalid("ip_address", "Data can't be blank")
	}
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" {
		return nil, apierr.Invalid("ip_address", "IP address needs to be a valid IPv4 or IPv6 address")
	}
	r := Record{Type: "A", Name: apex, Data: text, TTL: ttl}
	if address.Is6() {
		r.Type = "AAAA"
	}
	return &operation{kind: kindCreate, ready: &r}, nil
}

// applyAll applies operations and returns what is wrong with them as one
// error.
func (e *edit) applyAll(ctx context.Context, operations []*operation) error {
	faults, err := e.apply(ctx, operations)
	if err != nil {
		return err
	}
	return refusal(faults)
}

// Delete removes a domain with all its records.
func (s *Service) Delete(ctx context.Context, tx *store.Tx, accountID int64, idOrName string) (Domain, error) {
	d, err := Find(ctx, tx, accountID, idOrName)
	if err != nil {
		return d, err
	}
	gone := d
	gone.Serial = nextSerial(d.Serial, 0, tx.Now())
	if err := remove(ctx, tx, gone); err != nil {
		return d, err
	}
	if err := s.log(ctx, tx, entry{kind: entryRemove, name: d.Name, from: d.Serial, serial: gone.Serial, lists: true}); err != nil {
		return d, err
	}
	if err := s.delegationChanged(ctx, tx, d.Name); err != nil {
		return d, err
	}
	return d, s.domainChanged(ctx, tx, d)
}

// Change is what a client says of a domain that is there.
type Change struct {
	TTL  *Number   `json:"ttl"`
	File *ZoneFile `json:"-"` // with what takes the place of its records
}

// Update changes a domain's TTL, which is that of its SOA record, or replaces
// its records by those of a zone file.
func (s *Service) Update(ctx context.Context, tx *store.Tx, accountID int64, idOrName string, c Change) (Domain, error) {
	d, err := Find(ctx, tx, accountID, idOrName)
	if err != nil {
		return d, err
	}
	p, err := s.prepareUpdate(ctx, tx, d, c)
	if err != nil {
		return d, err
	}
	return s.do(ctx, tx, p)
}

func (s *Service) prepareUpdate(ctx context.Context, q store.Querier, d Domain, c Change) (p prepared, err error) {
	p.edit = newEdit(q, d)
	if c.File != nil {
		if err := p.loadAll(ctx); err != nil {
			return p, err
		}
		p.zoneImport = s.readZoneFile(p.edit, c.File)
	}
	ttl, err := checkTTL(c.TTL, p.ttl)
	if err != nil {
		return p, err
	}
	return p, p.setTTL(ctx, ttl)
}
