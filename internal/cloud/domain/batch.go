package domain

import (
	"context"
	"fmt"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Batch is several changes of a domain's records, of which all are made or none:
// first the deletes, then the updates, then the creates. Only the final result is
// checked, so records can swap names or values.
type Batch struct {
	Delete []int64         `json:"delete"` // ids
	Update []BatchUpdate   `json:"update"`
	Create []record.Params `json:"create"`
}

// BatchUpdate is the changed attributes of one record in a batch.
type BatchUpdate struct {
	ID int64 `json:"id"`
	record.Params
}

// BatchResult is the records that a batch changed, each list in the order of the
// batch.
type BatchResult struct {
	Deleted []record.Record
	Updated []record.Record
	Created []record.Record
}

// ApplyBatch makes a batch of changes.
func (s *Service) ApplyBatch(ctx context.Context, tx *store.Tx, accountID int64, domain string, b Batch) (BatchResult, error) {
	operations, err := b.operations()
	if err != nil {
		return BatchResult{}, err
	}
	if err := s.operate(ctx, tx, accountID, domain, operations...); err != nil {
		return BatchResult{}, err
	}
	return resultOf(operations), nil
}

// PlanBatch returns what ApplyBatch would return, and changes nothing.
func (s *Service) PlanBatch(ctx context.Context, q store.Querier, accountID int64, domain string, b Batch) (BatchResult, error) {
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

// maxBatch is the greatest number of changes of a batch.
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
	return operations, joinFaults(faults)
}
