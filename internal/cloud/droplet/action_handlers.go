package droplet

import (
	"context"
	"fmt"
	"net/http"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

func (s *Service) act(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	id, err := r.ID("droplet")
	if err != nil {
		return nil, err
	}
	actionType, params, err := s.parse(r.Params)
	if err != nil {
		return nil, err
	}
	k, err := s.kindOf(actionType)
	if err != nil {
		return nil, err
	}
	if err := r.Needs(k.Scopes...); err != nil {
		return nil, err
	}
	act, err := s.plan(ctx, r.AccountID, id, k, params)
	if err != nil {
		return nil, err
	}
	return r.Write(ctx, s.DB, func(tx *store.Tx) (*resource.Response, error) {
		a, err := act.Open(ctx, tx)
		if err != nil {
			return nil, err
		}
		response := s.opened(a)
		response.Final = func(ctx context.Context) (*resource.Response, error) {
			ended, err := s.Actions.Wait(ctx, r.AccountID, a.ID)
			if err != nil {
				return nil, err
			}
			return s.opened(ended), nil
		}
		return response, nil
	})
}

func (s *Service) opened(a action.Action) *resource.Response {
	response := resource.One(http.StatusCreated, "action", s.Actions.View(a))
	response.Location = fmt.Sprintf("/actions/%d", a.ID)
	return response
}

func (s *Service) listActions(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	id, err := r.ID("droplet")
	if err != nil {
		return nil, err
	}
	if _, err := get(ctx, s.DB, r.AccountID, id); err != nil {
		return nil, err
	}
	found, err := action.ListOf(ctx, s.DB, Resource(id), r.List)
	if err != nil {
		return nil, err
	}
	return resource.Many("actions", found, s.Actions.View), nil
}

func (s *Service) actionInfo(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	id, err := r.ID("droplet")
	if err != nil {
		return nil, err
	}
	actionID, err := r.ID("action")
	if err != nil {
		return nil, err
	}
	if _, err := get(ctx, s.DB, r.AccountID, id); err != nil {
		return nil, err
	}
	a, err := s.Actions.Poll(ctx, r.AccountID, actionID, r.Wait)
	if err != nil {
		return nil, err
	}
	if a.Resource != Resource(id) {
		return nil, apierr.NotFound()
	}
	response := resource.One(http.StatusOK, "action", s.Actions.View(a))
	response.Waits = true
	return response, nil
}
