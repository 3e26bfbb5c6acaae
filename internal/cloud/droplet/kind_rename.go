package droplet

import (
	"context"

	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// renameKind gives the droplet another name when the action is opened. It has no steps.
// The guest keeps its hostname.
func (s *Service) renameKind() kind {
	return kind{
		Type:   "rename",
		Params: []param{{"name", `{"description": "the new name, of a rename", "example": "web-2.example.com", "type": ["string"]}`}},
		Admit: func(ctx context.Context, tx *store.Tx, r ActionRequest) (any, error) {
			d, err := s.Rename(ctx, tx, r.Droplet.AccountID, r.Droplet.ID, r.text("name"))
			return map[string]string{"name": d.Name}, err
		},
		Definition: saga.Definition{Observe: s.observe, Complete: s.recordStatus, Abort: s.recordStatus},
	}
}
