package droplet

import (
	"context"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Viewer is another package that has attributes of droplets: their volumes, snapshots
// or reserved addresses. It imports this package, sets its own attributes of View, and
// is called once for all droplets of a response.
type Viewer interface {
	// ViewDroplets sets attributes of the views, which are of one account. q is the
	// transaction of the request, or the database.
	ViewDroplets(ctx context.Context, q store.Querier, views []*View) error
}

// Views returns the views of droplets, with the attributes of all Viewers.
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

// View returns the view of a droplet, with the present attributes of all Viewers.
func (s *Service) View(ctx context.Context, d Droplet) (View, error) { return s.viewIn(ctx, s.DB, d) }

func (s *Service) viewIn(ctx context.Context, q store.Querier, d Droplet) (View, error) {
	views, err := s.Views(ctx, q, d)
	if err != nil {
		return View{}, err
	}
	return views[0], nil
}
