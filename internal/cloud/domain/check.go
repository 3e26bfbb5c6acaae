package domain

import (
	"context"
	"slices"

	"github.com/miekg/dns"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
)

// check checks the result of an operation after all operations have been executed.
func (e *edit) check(ctx context.Context, o *operation) error {
	if b := o.before; b != nil && b.Type == record.TypeNS && b.Name == record.Apex {
		left, err := e.at(ctx, record.Apex)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(left, func(r *record.Record) bool { return r.Type == record.TypeNS }) {
			return errLastNS
		}
	}
	if o.after == nil || o.given {
		return nil
	}
	s, err := e.summary(ctx, o.after.Key())
	switch {
	case err != nil:
		return err
	case s.contents[o.after.Type+" "+e.domain.Content(*o.after)] > 1:
		return errExists
	case s.bytes[o.after.Type] > maxRRset:
		return errRRsetTooLarge
	case o.after.Name == record.Apex:
		if o.after.Type == record.TypeCNAME {
			return errCNAME
		}
	case s.cnames > 0 && s.records > 1:
		return errCNAME
	}
	return nil
}

// summary counts the records that would be at one name.
type summary struct {
	records  int
	cnames   int
	contents map[string]int // records by type and content
	bytes    map[string]int // size in DNS, by type
}

// summary summarizes a name. The result is cached, so the edit must not change any
// more.
func (e *edit) summary(ctx context.Context, key string) (*summary, error) {
	if s := e.summaries[key]; s != nil {
		return s, nil
	}
	records, err := e.at(ctx, key)
	if err != nil {
		return nil, err
	}
	s := &summary{records: len(records), contents: make(map[string]int, len(records)), bytes: map[string]int{}}
	for _, r := range records {
		if r.Type == record.TypeCNAME {
			s.cnames++
		}
		s.contents[r.Type+" "+e.domain.Content(*r)]++
		rr, err := e.domain.RR(*r)
		if err != nil {
			return nil, err
		}
		s.bytes[r.Type] += dns.Len(rr)
	}
	e.summaries[key] = s
	return s, nil
}
