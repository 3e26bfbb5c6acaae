package action

import (
	"context"
	_ "embed"
	"net/http"

	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
)

//go:embed schema.json
var schema []byte

// Resource returns the resource action.
func (s *Service) Resource() resource.Resource {
	return resource.Resource{Name: "action", Schema: schema, ShowsHost: true, Handlers: map[string]resource.Handler{
		"GET /actions":          s.list,
		"GET /actions/{action}": s.info,
	}, Filters: Filters()}
}

func (s *Service) list(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	found, err := List(ctx, s.db, r.AccountID, r.List)
	if err != nil {
		return nil, err
	}
	return resource.Many("actions", found, s.View), nil
}

func (s *Service) info(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	id, err := r.ID("action")
	if err != nil {
		return nil, err
	}
	a, err := s.Poll(ctx, r.AccountID, id, r.Wait)
	if err != nil {
		return nil, err
	}
	response := resource.One(http.StatusOK, "action", s.View(a))
	response.Waits = true
	return response, nil
}
