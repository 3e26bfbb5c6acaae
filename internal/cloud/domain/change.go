package domain

import (
	"context"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// CreateRecord adds a record to a domain.
func (s *Service) CreateRecord(ctx context.Context, tx *store.Tx, accountID int64, domain string, p record.Params) (record.Record, error) {
	o := &operation{kind: kindCreate, params: p}
	if err := s.operate(ctx, tx, accountID, domain, o); err != nil {
		return record.Record{}, err
	}
	return *o.after, nil
}

// UpdateRecord changes the given attributes of a record.
func (s *Service) UpdateRecord(ctx context.Context, tx *store.Tx, accountID int64, domain string, id int64, p record.Params) (record.Record, error) {
	o := &operation{kind: kindUpdate, id: id, params: p}
	if err := s.operate(ctx, tx, accountID, domain, o); err != nil {
		return record.Record{}, err
	}
	return *o.after, nil
}

// DeleteRecord removes a record and returns its last state.
func (s *Service) DeleteRecord(ctx context.Context, tx *store.Tx, accountID int64, domain string, id int64) (record.Record, error) {
	o := &operation{kind: kindDelete, id: id}
	if err := s.operate(ctx, tx, accountID, domain, o); err != nil {
		return record.Record{}, err
	}
	return *o.before, nil
}

// operate executes operations on a domain, all or none.
func (s *Service) operate(ctx context.Context, tx *store.Tx, accountID int64, domain string, operations ...*operation) error {
	d, err := zonedb.Find(ctx, tx, accountID, domain)
	if err != nil {
		return err
	}
	e := newEdit(tx, d)
	if err := e.applyAll(ctx, operations); err != nil {
		return err
	}
	_, err = s.write(ctx, tx, e)
	return err
}
