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
	wanted, err := parseAct(r.Params)
	if err != nil {
		return nil, err
	}
	runs, err := s.Runs(ctx, r.AccountID, id, wanted.Type)
	if err != nil {
		return nil, err
	}
	return r.Write(ctx, s.DB, func(tx *store.Tx) (*resource.Response, error) {
		a, err := s.begin(ctx, tx, r.AccountID, id, wanted, runs)
		if err != nil {
			return nil, err
		}
		response := s.began(a)
		response.Settle = func(ctx context.Context) (*resource.Response, error) {
			ended, err := s.Actions.Wait(ctx, r.AccountID, a.ID)
			if err != nil {
				return nil, err
			}
			return s.began(ended), nil
		}
		return response, nil
	})
}

func (s *Service) begin(ctx context.Context, tx *store.Tx, accountID, id int64, wanted act, runs bool) (action.Action, error) {
	if wanted.Type == "rename" {
		return s.RenameByAction(ctx, tx, accountID, id, wanted.Name)
	}
	return s.Act(ctx, tx, accountID, id, wanted.Type, runs)
}

func (s *Service) began(a action.Action) *resource.Response {
	response := resource.One(http.StatusCreated, "action", a.View(s.Regions))
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
	found, err := action.ListOf(ctx, s.DB, resourceType, id, r.List)
	if err != nil {
		return nil, err
	}
	return resource.Many("actions", found, action.Viewer(s.Regions)), nil
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
	a, err := s.Actions.Held(ctx, r.AccountID, actionID, r.Wait)
	if err != nil {
		return nil, err
	}
	if a.ResourceType != resourceType || a.ResourceID != id {
		return nil, apierr.NotFound()
	}
	response := resource.One(http.StatusOK, "action", a.View(s.Regions))
	response.Waits = true
	return response, nil
}
