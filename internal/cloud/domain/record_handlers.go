package domain

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

func (s *Service) listRecords(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	d, err := zonedb.Find(ctx, s.DB, r.AccountID, r.Path["domain"])
	if err != nil {
		return nil, err
	}
	wanted := r.List.WithStored("name", func(name string) string { return record.FilterName(d.Name, name) }).
		WithStored("type", func(kind string) string { return strings.ToUpper(strings.TrimSpace(kind)) })
	found, err := zonedb.RecordTable.Read(ctx, s.DB, wanted, `domain_id = $1`, d.ID)
	if err != nil {
		return nil, err
	}
	return resource.Many("domain_records", found, recordView), nil
}

func (s *Service) recordInfo(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	id, err := r.ID("domain-record")
	if err != nil {
		return nil, err
	}
	d, err := zonedb.Find(ctx, s.DB, r.AccountID, r.Path["domain"])
	if err != nil {
		return nil, err
	}
	found, err := zonedb.GetRecord(ctx, s.DB, d.ID, id)
	if err != nil {
		return nil, err
	}
	return resource.One(http.StatusOK, "domain_record", recordView(found)), nil
}

func (s *Service) createRecord(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	var p record.Params
	if err := r.Bind(&p); err != nil {
		return nil, err
	}
	return r.Write(ctx, s.DB, func(tx *store.Tx) (*resource.Response, error) {
		made, err := s.CreateRecord(ctx, tx, r.AccountID, r.Path["domain"], p)
		if err != nil {
			return nil, err
		}
		response := resource.One(http.StatusCreated, "domain_record", recordView(made))
		response.Location = fmt.Sprintf("/domains/%s/records/%d", record.NormalName(r.Path["domain"]), made.ID)
		return response, nil
	})
}

func (s *Service) updateRecord(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	id, err := r.ID("domain-record")
	if err != nil {
		return nil, err
	}
	var p record.Params
	if err := r.Bind(&p); err != nil {
		return nil, err
	}
	return r.Write(ctx, s.DB, func(tx *store.Tx) (*resource.Response, error) {
		changed, err := s.UpdateRecord(ctx, tx, r.AccountID, r.Path["domain"], id, p)
		return resource.One(http.StatusOK, "domain_record", recordView(changed)), err
	})
}

func (s *Service) deleteRecord(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	id, err := r.ID("domain-record")
	if err != nil {
		return nil, err
	}
	return r.Write(ctx, s.DB, func(tx *store.Tx) (*resource.Response, error) {
		gone, err := s.DeleteRecord(ctx, tx, r.AccountID, r.Path["domain"], id)
		return resource.Deleted(recordView(gone)), err
	})
}

// batchView is the API's view of a batch's result.
type batchView struct {
	Create []RecordView `json:"create"`
	Update []RecordView `json:"update"`
	Delete []RecordView `json:"delete"`
}

func (s *Service) batch(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	var b struct {
		Batch
		DryRun bool `json:"dry_run"`
	}
	if err := r.Bind(&b); err != nil {
		return nil, err
	}
	if b.DryRun {
		return r.DryRun(ctx, s.DB, func(q store.Querier) (*resource.Response, error) {
			result, err := s.PlanBatch(ctx, q, r.AccountID, r.Path["domain"], b.Batch)
			return resource.One(http.StatusOK, "changes", result.view()), err
		})
	}
	return r.Write(ctx, s.DB, func(tx *store.Tx) (*resource.Response, error) {
		result, err := s.ApplyBatch(ctx, tx, r.AccountID, r.Path["domain"], b.Batch)
		return resource.One(http.StatusOK, "changes", result.view()), err
	})
}

func (b BatchResult) view() batchView {
	return batchView{views(b.Created), views(b.Updated), views(b.Deleted)}
}

func views(records []record.Record) []RecordView {
	all := make([]RecordView, len(records))
	for i, r := range records {
		all[i] = recordView(r)
	}
	return all
}
