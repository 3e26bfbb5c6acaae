package droplet

import (
	"context"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Viewer is a room that knows more of droplets than this one: which volumes,
// snapshots or reserved addresses they have. It imports this package, fills in
// its own attributes of View, and is asked once for all droplets of an answer.
type Viewer interface {
	// ViewDroplets adds to the views, which are of one account. q is the
	// transaction that makes the answer, or the database.
	ViewDroplets(ctx context.Context, q store.Querier, views []*View) error
}

// Views shows droplets, with what the Viewers know of them.
func (s *Service) Views(ctx context.Context, q store.Querier, droplets ...Droplet) ([]View, error) {
	views := make([]View, len(droplets))
	all := make([]*View, len(droplets))
	for i, d := range droplets {
		views[i] = s.view(d)
		all[i] = &views[i]
	}
	if len(droplets) == 0 {
		return views, nil
	}
	for _, viewer := range s.Viewers {
		if err := viewer.ViewDroplets(ctx, q, all); err != nil {
			return nil, err
		}
	}
	return views, nil
}

// View shows a droplet as the database has it now.
func (s *Service) View(ctx context.Context, d Droplet) (View, error) { return s.viewIn(ctx, s.DB, d) }

func (s *Service) viewIn(ctx context.Context, q store.Querier, d Droplet) (View, error) {
	views, err := s.Views(ctx, q, d)
	if err != nil {
		return View{}, err
	}
	return views[0], nil
}
