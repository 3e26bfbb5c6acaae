package action

import (
	"context"
	_ "embed"
	"net/http"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/region"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
)

//go:embed schema.json
var schema []byte

// View is an action as the API shows it.
type View struct {
	ID           int64        `json:"id"`
	Status       string       `json:"status"`
	Type         string       `json:"type"`
	StartedAt    string       `json:"started_at"`
	CompletedAt  *string      `json:"completed_at"`
	ResourceID   int64        `json:"resource_id"`
	ResourceType string       `json:"resource_type"`
	Region       *region.View `json:"region"`
	RegionSlug   *string      `json:"region_slug"`
	Error        string       `json:"error,omitempty"`    // why it errored
	Progress     string       `json:"progress,omitempty"` // what it is doing
}

// View shows an action.
func (a Action) View(regions *region.Catalog) View {
	v := View{
		ID: a.ID, Status: a.Status, Type: a.Type, StartedAt: a.StartedAt.Format(time.RFC3339),
		ResourceID: a.ResourceID, ResourceType: a.ResourceType,
	}
	if a.Status == InProgress {
		v.Progress = a.Progress
	} else {
		completed := a.CompletedAt.Format(time.RFC3339)
		v.CompletedAt, v.Error = &completed, a.Reason
	}
	if a.Region != "" {
		v.Region, v.RegionSlug = regions.ViewOf(a.Region), &a.Region
	}
	return v
}

// Viewer returns a function that shows actions.
func Viewer(regions *region.Catalog) func(Action) View {
	return func(a Action) View { return a.View(regions) }
}

type handlers struct {
	engine  *Engine
	regions *region.Catalog
}

// Resource is the room as the front door sees it.
func (e *Engine) Resource(regions *region.Catalog) resource.Resource {
	h := handlers{e, regions}
	return resource.Resource{Name: "action", Schema: schema, Handlers: map[string]resource.Handler{
		"GET /actions":          h.list,
		"GET /actions/{action}": h.info,
	}, Filters: map[string][]string{"GET /actions": Filters()}}
}

func (h handlers) list(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	found, err := List(ctx, h.engine.db, r.AccountID, r.List)
	if err != nil {
		return nil, err
	}
	return resource.Many("actions", found, Viewer(h.regions)), nil
}

func (h handlers) info(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	id, err := r.ID("action")
	if err != nil {
		return nil, err
	}
	a, err := h.engine.Held(ctx, r.AccountID, id, r.Wait)
	if err != nil {
		return nil, err
	}
	response := resource.One(http.StatusOK, "action", a.View(h.regions))
	response.Waits = true
	return response, nil
}
