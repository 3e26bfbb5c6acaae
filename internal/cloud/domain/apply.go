package domain

import (
	"context"
	"errors"
	"slices"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// apply executes all operations and then checks that the result is a valid zone.
// The faults are the client's; the error is the server's.
func (e *edit) apply(ctx context.Context, operations []*operation) (faults []fault, err error) {
	for _, step := range []func(context.Context, *operation) error{e.do, e.check} {
		for _, o := range operations {
			err := step(ctx, o)
			if rejected := new(apierr.Error); errors.As(err, &rejected) {
				faults = append(faults, fault{o, rejected})
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

// checkCount rejects operations that would exceed maxRecords. Records that the cloud
// makes itself count too, but are not rejected.
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

// maxRecords is the greatest number of records of a domain.
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
	if apierr.IsNotFound(err) && o.field != "" {
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
