package domain

import (
	"context"
	"fmt"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
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

// UpdateRecord changes what is said of a record, and leaves the rest of it.
func (s *Service) UpdateRecord(ctx context.Context, tx *store.Tx, accountID int64, domain string, id int64, p record.Params) (record.Record, error) {
	o := &operation{kind: kindUpdate, id: id, params: p}
	if err := s.operate(ctx, tx, accountID, domain, o); err != nil {
		return record.Record{}, err
	}
	return *o.after, nil
}

// DeleteRecord removes a record and returns what it was.
func (s *Service) DeleteRecord(ctx context.Context, tx *store.Tx, accountID int64, domain string, id int64) (record.Record, error) {
	o := &operation{kind: kindDelete, id: id}
	if err := s.operate(ctx, tx, accountID, domain, o); err != nil {
		return record.Record{}, err
	}
	return *o.before, nil
}

// operate does operations on a domain, all or none.
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

// Batch is changes of one domain's records that are made together or not at
// all: first the deletes, then the updates, then the creates. What they leave
// must be right, whatever there is in between.
type Batch struct {
	Delete []int64         `json:"delete"` // ids
	Update []BatchUpdate   `json:"update"`
	Create []record.Params `json:"create"`
}

// BatchUpdate is what is said of one record in a batch.
type BatchUpdate struct {
	ID int64 `json:"id"`
	record.Params
}

// BatchResult is what has become of a batch, in its order.
type BatchResult struct {
	Deleted []record.Record
	Updated []record.Record
	Created []record.Record
}

// Apply makes a batch of changes.
func (s *Service) Apply(ctx context.Context, tx *store.Tx, accountID int64, domain string, b Batch) (BatchResult, error) {
	operations, err := b.operations()
	if err != nil {
		return BatchResult{}, err
	}
	if err := s.operate(ctx, tx, accountID, domain, operations...); err != nil {
		return BatchResult{}, err
	}
	return resultOf(operations), nil
}

// PlanApply tells what Apply would make, and makes nothing.
func (s *Service) PlanApply(ctx context.Context, q store.Querier, accountID int64, domain string, b Batch) (BatchResult, error) {
	operations, err := b.operations()
	if err != nil {
		return BatchResult{}, err
	}
	d, err := zonedb.Find(ctx, q, accountID, domain)
	if err != nil {
		return BatchResult{}, err
	}
	if err := newEdit(q, d).applyAll(ctx, operations); err != nil {
		return BatchResult{}, err
	}
	return resultOf(operations), nil
}

func resultOf(operations []*operation) (result BatchResult) {
	for _, o := range operations {
		switch o.kind {
		case kindDelete:
			result.Deleted = append(result.Deleted, *o.before)
		case kindUpdate:
			result.Updated = append(result.Updated, *o.after)
		case kindCreate:
			result.Created = append(result.Created, *o.after)
		}
	}
	return result
}

// maxBatch is how many changes a batch may have.
const maxBatch = 1000

func (b Batch) operations() ([]*operation, error) {
	n := len(b.Delete) + len(b.Update) + len(b.Create)
	switch {
	case n == 0:
		return nil, apierr.Refused("The batch is empty: give at least one of create, update and delete")
	case n > maxBatch:
		return nil, apierr.Refused("The batch has %d changes, the maximum is %d", n, maxBatch)
	}
	operations := make([]*operation, 0, n)
	for i, id := range b.Delete {
		operations = append(operations, &operation{kind: kindDelete, id: id, field: fmt.Sprintf("delete.%d", i)})
	}
	for i, u := range b.Update {
		operations = append(operations, &operation{kind: kindUpdate, id: u.ID, params: u.Params, field: fmt.Sprintf("update.%d", i)})
	}
	var faults []fault
	seen := map[int64]bool{}
	for _, o := range operations {
		if seen[o.id] {
			faults = append(faults, fault{o, errTwice})
		}
		seen[o.id] = true
	}
	for i, p := range b.Create {
		operations = append(operations, &operation{kind: kindCreate, params: p, field: fmt.Sprintf("create.%d", i)})
	}
	return operations, refusal(faults)
}
