package droplet

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"

	"github.com/rockpool-cloud/rockpool/internal/action"
	"github.com/rockpool-cloud/rockpool/internal/apierr"
	"github.com/rockpool-cloud/rockpool/internal/resource"
)

//go:embed schema.json
var schema []byte

//go:embed action_schema.json
var actionSchema []byte

// Resources are the room as the front door sees it.
func (s *Service) Resources() []resource.Resource {
	return []resource.Resource{
		{Name: "droplet", Schema: schema, Handlers: map[string]resource.Handler{
			"GET /droplets":              s.list,
			"POST /droplets":             s.create,
			"GET /droplets/{droplet}":    s.info,
			"DELETE /droplets/{droplet}": s.delete,
		}},
		{Name: "droplet-action", Schema: actionSchema, Handlers: map[string]resource.Handler{
			"GET /droplets/{droplet}/actions":          s.listActions,
			"POST /droplets/{droplet}/actions":         s.act,
			"GET /droplets/{droplet}/actions/{action}": s.actionInfo,
		}},
	}
}

// filter is what a list of droplets can be narrowed by.
type filter struct {
	Name    *string `json:"name"`
	TagName *string `json:"tag_name"`
	Type    string  `json:"type"`
}

// where returns the filter as a condition of SQL.
func (f filter) where(accountID int64) (condition string, args []any, err error) {
	condition, args = ofAccount, []any{accountID}
	if f.TagName != nil && (f.Name != nil || f.Type != "") {
		return "", nil, apierr.Invalid("tag_name", "Tag name can't be combined with name or type")
	}
	if f.Name != nil {
		condition, args = condition+` AND lower(d.name) = lower($2)`, append(args, *f.Name)
	}
	if f.TagName != nil {
		condition, args = condition+` AND EXISTS (SELECT 1 FROM json_each(d.tags_json) WHERE lower(value) = lower($2))`, append(args, *f.TagName)
	}
	if f.Type == "gpus" {
		condition += ` AND FALSE`
	}
	return condition, args, nil
}

func (s *Service) list(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	var f filter
	if err := r.Bind(&f); err != nil {
		return nil, err
	}
	where, args, err := f.where(r.AccountID)
	if err != nil {
		return nil, err
	}
	found, err := table.Read(ctx, s.DB, r.List, where, args...)
	if err != nil {
		return nil, err
	}
	return resource.Many("droplets", found, s.View), nil
}

func (s *Service) info(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	id, err := r.ID("droplet")
	if err != nil {
		return nil, err
	}
	d, err := s.Get(ctx, r.AccountID, id)
	if err != nil {
		return nil, err
	}
	return resource.One(http.StatusOK, "droplet", s.View(d)), nil
}

func (s *Service) create(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	var c Create
	if err := r.Bind(&c); err != nil {
		return nil, err
	}
	droplets, actions, err := s.Create(ctx, r.AccountID, c)
	if err != nil {
		return nil, err
	}
	views := make([]View, len(droplets))
	for i, d := range droplets {
		views[i] = s.View(d)
	}
	response := resource.One(http.StatusAccepted, "droplets", views)
	if len(c.Names) == 0 {
		response = resource.One(http.StatusAccepted, "droplet", views[0])
		response.Location = fmt.Sprintf("/droplets/%d", views[0].ID)
	}
	response.Links = links(r, actions)
	return response, nil
}

// actionLink leads from a new droplet to the action that makes it.
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

func (s *Service) delete(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	id, err := r.ID("droplet")
	if err != nil {
		return nil, err
	}
	if err := s.Delete(ctx, r.AccountID, id); err != nil {
		return nil, err
	}
	return resource.None(), nil
}

func (s *Service) act(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	id, err := r.ID("droplet")
	if err != nil {
		return nil, err
	}
	var wanted struct{ Type string }
	if err := r.Bind(&wanted); err != nil {
		return nil, err
	}
	a, err := s.Act(ctx, r.AccountID, id, wanted.Type)
	if err != nil {
		return nil, err
	}
	response := resource.One(http.StatusCreated, "action", a.View(s.Regions))
	response.Location = fmt.Sprintf("/actions/%d", a.ID)
	return response, nil
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
	a, err := s.Actions.Held(ctx, r.AccountID, actionID)
	if err != nil {
		return nil, err
	}
	if a.ResourceType != resourceType || a.ResourceID != id {
		return nil, apierr.NotFound()
	}
	return resource.One(http.StatusOK, "action", a.View(s.Regions)), nil
}
