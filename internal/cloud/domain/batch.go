package domain

import (
	"context"
	"errors"
	"slices"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// operation is one step of an edit.
type operation struct {
	kind   kind
	id     int64          // of the record, except to create one
	params record.Params  // unless the record goes
	ready  *record.Record // in the place of params, checked already
	field  string         // where in the request it stands, empty if it is the whole of it
	line   int            // or in a zone file
	given  bool           // by the cloud: what is at odds with it is at fault, not it

	before *record.Record // what there was
	after  *record.Record // what would be
}

// kind is what an operation does; the words are the API's.
type kind string

const (
	kindCreate kind = "create"
	kindUpdate kind = "update"
	kindDelete kind = "delete"
)

// fault is what is wrong with an operation.
type fault struct {
	operation *operation
	*apierr.Error
}

// The messages are the contract's: clients compare them.
var (
	errExists = apierr.Invalid("data", "Record already exists")
	errCNAME  = apierr.Invalid("name", "CNAME records cannot share a name with other records")
)

var (
	errLastNS   = apierr.Refused("A domain needs at least one NS record at its apex")
	errKeepSOA  = apierr.Refused("SOA records can't be deleted: every domain has one")
	errOfCloud  = apierr.Refused("This PTR record follows a droplet's name: rename the droplet to change it")
	errTwice    = apierr.Invalid("id", "A record can stand in a batch only once")
	errNoRecord = apierr.Invalid("id", "The domain has no record with this id")
)

// maxRRset is how many bytes the records of one name and type may have
// together, without compression: they are answered together in one message of
// at most 65,535 bytes (RFC 1035, section 4.2.2), and signatures go with them.
const maxRRset = 60_000

var errRRsetTooLarge = apierr.Invalid("data", "The records of this name and type have more than %d bytes together, which is more than a DNS message can carry", maxRRset)

// apply does the operations, all of them, and then looks whether what they
// leave is a zone. The faults are the client's, the error is not.
func (e *edit) apply(ctx context.Context, operations []*operation) (faults []fault, err error) {
	for _, step := range []func(context.Context, *operation) error{e.do, e.check} {
		for _, o := range operations {
			err := step(ctx, o)
			if refused := new(apierr.Error); errors.As(err, &refused) {
				faults = append(faults, fault{o, refused})
			} else if err != nil {
				return nil, err
			}
		}
		if len(faults) > 0 {
			return faults, nil
		}
		if err := e.shareTTLs(ctx); err != nil {
			return nil, err
		}
	}
	return e.checkCount(ctx, operations)
}

// checkCount refuses to make a domain larger than it may be. Records that the
// cloud makes itself count, but are not refused.
func (e *edit) checkCount(ctx context.Context, operations []*operation) ([]fault, error) {
	if e.isNew && len(e.made) <= maxRecords || len(e.made) <= len(e.removed) {
		return nil, nil
	}
	n, err := zonedb.CountRecords(ctx, e.q, e.domain.ID)
	if n += len(e.made) - len(e.removed); err != nil || n <= maxRecords {
		return nil, err
	}
	for _, o := range slices.Backward(operations) {
		if o.kind == kindCreate && !o.given {
			return []fault{{o, apierr.Refused("The domain would have %d records, the maximum is %d", n, maxRecords)}}, nil
		}
	}
	return nil, nil
}

// maxRecords is how many records a domain may have.
const maxRecords = 20_000

func (e *edit) do(ctx context.Context, o *operation) (err error) {
	if o.kind == kindCreate {
		r := o.ready
		if r == nil {
			d := e.domain
			d.TTL = e.ttl // the edit may have set another
			made, err := d.NewRecord(o.params)
			if err != nil {
				return err
			}
			r = &made
		}
		o.after, err = e.create(ctx, *r)
		return err
	}
	r, err := e.find(ctx, o.id)
	if missing := new(apierr.Error); errors.As(err, &missing) && o.field != "" {
		return errNoRecord
	}
	if err != nil {
		return err
	}
	before := *r
	o.before = &before
	if r.DropletID != 0 {
		return errOfCloud
	}
	if o.kind == kindDelete {
		if r.Type == record.TypeSOA {
			return errKeepSOA
		}
		e.remove(r)
		return nil
	}
	changed := o.ready
	if changed == nil {
		with, err := e.domain.ChangedRecord(e.withTTL(*r), o.params)
		if err != nil {
			return err
		}
		changed = &with
	}
	o.after = r
	return e.replace(ctx, r, *changed)
}

// check looks at what the operation leaves, when all are done.
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

// summary is what would be at one name.
type summary struct {
	records  int
	cnames   int
	contents map[string]int // by type and content
	bytes    map[string]int // in DNS, by type
}

// summary is called when nothing changes any more.
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

// refusal joins what is wrong with a request into one error: its message is
// the first fault's, its fields name all of them.
func refusal(faults []fault) error {
	if len(faults) == 0 {
		return nil
	}
	if faults[0].operation.field == "" {
		return faults[0].Error
	}
	first := *faults[0].Error
	joined := apierr.Refused("%s", first.Message)
	for _, f := range faults[:min(len(faults), maxFaults)] {
		field := apierr.Field{Field: f.operation.field, Message: f.Message}
		if len(f.Fields) > 0 && f.operation.kind != kindDelete {
			field.Field += "." + f.Fields[0].Field
		}
		joined.Fields = append(joined.Fields, field)
	}
	return joined
}

// maxFaults is how many faults an error tells at the most.
const maxFaults = 100
