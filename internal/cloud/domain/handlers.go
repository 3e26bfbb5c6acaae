package domain

import (
	"context"
	_ "embed"
	"net/http"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonefile"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

//go:embed schema.json
var schema []byte

//go:embed record_schema.json
var recordSchema []byte

//go:embed signing_schema.json
var signingSchema []byte

// Resources returns the resources of the API that this package handles.
func (s *Service) Resources() []resource.Resource {
	return []resource.Resource{
		{Name: "domain", Schema: schema, Handlers: map[string]resource.Handler{
			"GET /domains":             s.list,
			"POST /domains":            s.create,
			"GET /domains/{domain}":    s.info,
			"PUT /domains/{domain}":    s.update,
			"PATCH /domains/{domain}":  s.update,
			"DELETE /domains/{domain}": s.delete,
		}, Filters: list.FilterNames(zonedb.DomainTable.Filters)},
		{Name: "domain-record", Schema: recordSchema, Handlers: map[string]resource.Handler{
			"GET /domains/{domain}/records":                    s.listRecords,
			"POST /domains/{domain}/records":                   s.createRecord,
			"PATCH /domains/{domain}/records":                  s.batch,
			"GET /domains/{domain}/records/{domain-record}":    s.recordInfo,
			"PUT /domains/{domain}/records/{domain-record}":    s.updateRecord,
			"PATCH /domains/{domain}/records/{domain-record}":  s.updateRecord,
			"DELETE /domains/{domain}/records/{domain-record}": s.deleteRecord,
		}, Filters: list.FilterNames(zonedb.RecordTable.Filters)},
		{Name: "domain-dnssec", Schema: signingSchema, Handlers: map[string]resource.Handler{
			"GET /domains/{domain}/dnssec":  s.signingInfo,
			"POST /domains/{domain}/dnssec": s.signingStep,
		}},
	}
}

func (s *Service) list(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	var found list.Slice[zonedb.Domain]
	var files map[int64]string
	err := s.DB.Snapshot(ctx, func(q store.Querier) (err error) {
		if found, err = zonedb.DomainTable.Read(ctx, q, r.List.WithStored("name", record.NormalName), `account_id = $1`, r.AccountID); err != nil {
			return err
		}
		files, err = exportAll(ctx, q, found.Items, maxListed)
		return err
	})
	if err != nil {
		return nil, err
	}
	return resource.Many("domains", found, func(d zonedb.Domain) View { return view(d, files[d.ID]) }), nil
}

func (s *Service) info(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	v, err := s.shown(ctx, r)
	return resource.One(http.StatusOK, "domain", v), err
}

// shown returns the view of the domain in a request's path.
func (s *Service) shown(ctx context.Context, r *resource.Request) (v View, err error) {
	err = s.DB.Snapshot(ctx, func(q store.Querier) error {
		d, err := zonedb.Find(ctx, q, r.AccountID, r.Path["domain"])
		if err != nil {
			return err
		}
		v, err = exported(ctx, q, d)
		return err
	})
	return v, err
}

// fileParams are the parameters of a request about the domain's zone file.
type fileParams struct {
	ZoneFile *string `json:"zone_file"`
	DryRun   bool    `json:"dry_run"`
}

// parse parses the zone file of a domain; nil if there is none. Records without a
// TTL get the TTL of the request, or otherwise, in seconds.
func (p fileParams) parse(name string, ttl *record.Number, otherwise int) (*zonefile.File, error) {
	seconds, err := record.CheckTTL(ttl, otherwise)
	switch {
	case err != nil || p.ZoneFile == nil:
		return nil, err
	case ttl != nil:
		return zonefile.ParseWithTTL(name, seconds, *p.ZoneFile), nil
	}
	return zonefile.Parse(name, seconds, *p.ZoneFile), nil
}

func (s *Service) create(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	var c struct {
		Create
		fileParams
	}
	if err := r.Bind(&c); err != nil {
		return nil, err
	}
	name, err := record.ValidName(c.Name)
	if err != nil {
		return nil, err
	}
	if c.File, err = c.parse(name, c.TTL, defaultTTL); err != nil {
		return nil, err
	}
	if c.DryRun {
		return r.DryRun(ctx, s.DB, func(q store.Querier) (*resource.Response, error) {
			plan, err := s.PlanCreate(ctx, q, r.AccountID, c.Create)
			return resource.One(http.StatusOK, "plan", plan), err
		})
	}
	return r.Write(ctx, s.DB, func(tx *store.Tx) (*resource.Response, error) {
		d, err := s.Create(ctx, tx, r.AccountID, c.Create)
		if err != nil {
			return nil, err
		}
		response := resource.One(http.StatusCreated, "domain", view(d, ""))
		response.Location = "/domains/" + d.Name
		return response, nil
	})
}

func (s *Service) update(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	var c struct {
		Change
		fileParams
	}
	if err := r.Bind(&c); err != nil {
		return nil, err
	}
	d, err := zonedb.Find(ctx, s.DB, r.AccountID, r.Path["domain"])
	if err != nil {
		return nil, err
	}
	if c.File, err = c.parse(d.Name, c.TTL, d.TTL); err != nil { // outside the transaction: an id or name always stands for the same domain name
		return nil, err
	}
	if c.DryRun {
		return r.DryRun(ctx, s.DB, func(q store.Querier) (*resource.Response, error) {
			plan, err := s.PlanUpdate(ctx, q, r.AccountID, r.Path["domain"], c.Change)
			return resource.One(http.StatusOK, "plan", plan), err
		})
	}
	return r.Write(ctx, s.DB, func(tx *store.Tx) (*resource.Response, error) {
		d, err := s.Update(ctx, tx, r.AccountID, r.Path["domain"], c.Change)
		if err != nil {
			return nil, err
		}
		v, err := exported(ctx, tx, d)
		return resource.One(http.StatusOK, "domain", v), err
	})
}

func (s *Service) delete(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	gone, err := s.shown(ctx, r) // outside the transaction, so that other writers do not wait for it
	if err != nil {
		return nil, err
	}
	return r.Write(ctx, s.DB, func(tx *store.Tx) (*resource.Response, error) {
		_, err := s.Delete(ctx, tx, r.AccountID, r.Path["domain"])
		return resource.Deleted(gone), err
	})
}
