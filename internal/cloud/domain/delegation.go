package domain

import (
	"context"
	"slices"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// above returns the nearest domain above a name, of any account.
func above(ctx context.Context, q store.Querier, name string) (d zonedb.Domain, ok bool, err error) {
	for _, ancestor := range record.Ancestors(name)[1:] {
		if d, ok, err = zonedb.Hosted(ctx, q, ancestor); ok || err != nil {
			return d, ok, err
		}
	}
	return d, false, nil
}

// delegationChanged gives the domain above a new serial, so that secondaries copy it
// again: their copies of it contain the delegation of this domain. It must be called
// after a change of the delegation has been appended to the feed: the domain comes
// or goes, or its name servers, their addresses or its DS record change. In the other
// order, a copy between the two entries would have the new serial and the old
// delegation.
func (s *Service) delegationChanged(ctx context.Context, tx *store.Tx, name string) error {
	d, ok, err := above(ctx, tx, name)
	if err != nil || !ok {
		return err
	}
	return s.renew(ctx, tx, d)
}

// changesDelegation reports whether an edit of these records changes the domain's
// name servers, or their addresses in the domain.
func (e *edit) changesDelegation(ctx context.Context, records []record.Record) (bool, error) {
	if e.isNew {
		return true, nil
	}
	var hosts []string
	for _, r := range records {
		switch {
		case r.Type == record.TypeNS && r.Name == record.Apex:
			return true, nil
		case r.Type == "A", r.Type == "AAAA":
			hosts = append(hosts, record.Absolute(e.domain.Name, r.Key()))
		}
	}
	if len(hosts) == 0 {
		return false, nil
	}
	atApex, err := e.at(ctx, record.Apex)
	return slices.ContainsFunc(atApex, func(r *record.Record) bool {
		return r.Type == record.TypeNS && slices.Contains(hosts, record.NormalName(record.Hostname(e.domain.Name, r.Data)))
	}), err
}

// sameDS reports whether two DS records, each nil if there is none, are the same.
func sameDS(a, b *dns.DS) bool {
	if a == nil || b == nil {
		return a == b
	}
	return dns.IsDuplicate(a, b)
}
