package droplet

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

//go:embed schema.json
var schema []byte

// Resources returns the resources and their handlers for the front door.
func (s *Service) Resources() ([]resource.Resource, error) {
	actions, err := s.actionsSchema()
	if err != nil {
		return nil, err
	}
	return []resource.Resource{
		{Name: "droplet", Schema: schema, ShowsHost: true, Handlers: map[string]resource.Handler{
			"GET /droplets":              s.list,
			"POST /droplets":             s.create,
			"GET /droplets/{droplet}":    s.info,
			"PATCH /droplets/{droplet}":  s.update,
			"PUT /droplets/{droplet}":    s.update,
			"DELETE /droplets/{droplet}": s.delete,
		}, Filters: list.FilterNames(table.Filters)},
		{Name: "droplet-action", Schema: actions, ShowsHost: true, Handlers: map[string]resource.Handler{
			"GET /droplets/{droplet}/actions":          s.listActions,
			"POST /droplets/{droplet}/actions":         s.act,
			"GET /droplets/{droplet}/actions/{action}": s.actionInfo,
		}, Filters: action.Filters()},
	}, nil
}

func (s *Service) list(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	found, err := table.Read(ctx, s.DB, r.List, ofAccount, r.AccountID)
	if err != nil {
		return nil, err
	}
	views, err := s.Views(ctx, s.DB, found.Items...)
	if err != nil {
		return nil, err
	}
	return resource.Slice("droplets", views, found.Info), nil
}

func (s *Service) info(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	id, err := r.ID("droplet")
	if err != nil {
		return nil, err
	}
	d, err := s.Get(ctx, r.AccountID, id)
	if apierr.IsNotFound(err) {
		return nil, s.whyMissing(ctx, r.AccountID, id, apierr.From(err))
	}
	if err != nil {
		return nil, err
	}
	return s.one(ctx, s.DB, d)
}

// one returns a response with one droplet.
func (s *Service) one(ctx context.Context, q store.Querier, d Droplet) (*resource.Response, error) {
	view, err := s.viewIn(ctx, q, d)
	if err != nil {
		return nil, err
	}
	return resource.One(http.StatusOK, "droplet", view), nil
}

// whyMissing appends to the usual message of a 404 why the droplet could not be made.
// doctl requests the droplet after its create has failed, and shows that message.
func (s *Service) whyMissing(ctx context.Context, accountID, id int64, missing *apierr.Error) error {
	// A droplet that its owner deleted is gone for that reason, not for a failed create.
	if deleted, err := action.Has(ctx, s.DB, Resource(id), "destroy"); err != nil || deleted {
		return errors.Join(err, missing)
	}
	reason, err := action.WhyFailed(ctx, s.DB, accountID, Resource(id), "create")
	if err != nil {
		return err
	}
	if reason != "" {
		missing.Message += " It could not be made: " + reason
	}
	return missing
}

func (s *Service) create(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	var c Create
	if err := r.Bind(&c); err != nil {
		return nil, err
	}
	plan, err := s.Plan(ctx, r.AccountID, c)
	if err != nil {
		return nil, err
	}
	several := len(c.Names) > 0
	return r.Write(ctx, s.DB, func(tx *store.Tx) (*resource.Response, error) {
		droplets, actions, err := plan.Do(ctx, tx)
		if err != nil {
			return nil, err
		}
		response, err := s.created(ctx, tx, r, droplets, actions, several)
		if err != nil {
			return nil, err
		}
		response.Final = func(ctx context.Context) (*resource.Response, error) {
			if err := s.Actions.WaitAll(ctx, actions...); err != nil {
				return nil, err
			}
			read := context.WithoutCancel(ctx)
			for i := range droplets {
				if droplets[i], err = s.Get(read, r.AccountID, droplets[i].ID); err != nil {
					return nil, err
				}
			}
			return s.created(read, s.DB, r, droplets, actions, several)
		}
		return response, nil
	})
}

// created returns a response with new droplets, and links to the actions that create
// their machines.
func (s *Service) created(ctx context.Context, q store.Querier, r *resource.Request, droplets []Droplet, actions []action.Action, several bool) (*resource.Response, error) {
	views, err := s.Views(ctx, q, droplets...)
	if err != nil {
		return nil, err
	}
	response := resource.All(http.StatusAccepted, "droplets", views)
	for _, v := range views {
		response.Made = append(response.Made, fmt.Sprintf("/droplets/%d", v.ID))
	}
	if !several {
		response = resource.One(http.StatusAccepted, "droplet", views[0])
		response.Location = fmt.Sprintf("/droplets/%d", views[0].ID)
	}
	response.DraftStatus = http.StatusCreated
	response.Links = links(r, actions)
	return response, nil
}

// actionLink links a new droplet to the action that creates its machine.
type actionLink struct {
	ID   int64  `json:"id"`
	Rel  string `json:"rel"`
	HRef string `json:"href"`
}

func links(r *resource.Request, actions []action.Action) any {
	list := make([]actionLink, len(actions))
	for i, a := range actions {
		list[i] = actionLink{ID: a.ID, Rel: a.Type, HRef: r.URL(fmt.Sprintf("/actions/%d", a.ID))}
	}
	return map[string]any{"actions": list}
}

func (s *Service) update(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	id, err := r.ID("droplet")
	if err != nil {
		return nil, err
	}
	var wanted struct{ Name string }
	if err := r.Bind(&wanted); err != nil {
		return nil, err
	}
	return r.Write(ctx, s.DB, func(tx *store.Tx) (*resource.Response, error) {
		d, err := s.Rename(ctx, tx, r.AccountID, id, wanted.Name)
		if err != nil {
			return nil, err
		}
		return s.one(ctx, tx, d)
	})
}

func (s *Service) delete(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	id, err := r.ID("droplet")
	if err != nil {
		return nil, err
	}
	return r.Write(ctx, s.DB, func(tx *store.Tx) (*resource.Response, error) {
		d, a, err := s.Delete(ctx, tx, r.AccountID, id)
		if err != nil {
			return nil, err
		}
		view, err := s.viewIn(ctx, tx, d)
		if err != nil {
			return nil, err
		}
		response := resource.Deleted(view)
		response.Final = func(ctx context.Context) (*resource.Response, error) {
			return response, s.Actions.WaitAll(ctx, a)
		}
		return response, nil
	})
}
