package action

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/region"
)

// View is an action as the API shows it.
type View struct {
	ID           int64        `json:"id"`
	Status       string       `json:"status"`
	Type         string       `json:"type"`
	StartedAt    string       `json:"started_at"`
	CompletedAt  *string      `json:"completed_at"`
	ResourceID   *int64       `json:"resource_id"` // null if the id is not a number
	ResourceType string       `json:"resource_type"`
	Region       *region.View `json:"region"`
	RegionSlug   *string      `json:"region_slug"`
	Error        string       `json:"error,omitempty"`    // reason of the error
	Progress     string       `json:"progress,omitempty"` // what the action is doing

	draft  *DraftForm
	params json.RawMessage
}

// View returns the view of an action.
func (s *Service) View(a Action) View {
	v := View{
		ID: a.ID, Status: a.Status, Type: a.Type, StartedAt: a.StartedAt.Format(time.RFC3339),
		ResourceType: a.Resource.Type, params: a.Params,
	}
	if id, err := strconv.ParseInt(a.Resource.ID, 10, 64); err == nil {
		v.ResourceID = &id
	}
	if a.Status == InProgress {
		v.Progress = a.Progress
	} else {
		completed := a.CompletedAt.Format(time.RFC3339)
		v.CompletedAt, v.Error = &completed, a.Reason
	}
	if a.Region != "" {
		v.Region, v.RegionSlug = s.regions.ViewOf(a.Region), &a.Region
	}
	if form, ok := s.drafts[kind{a.Resource.Type, a.Type}]; ok {
		v.draft = &form
	}
	return v
}
