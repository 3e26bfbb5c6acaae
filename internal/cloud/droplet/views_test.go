package droplet_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// volumes is a neighbour that knows which volumes droplets have.
type volumes struct {
	asked int
	err   error
}

func (v *volumes) ViewDroplets(ctx context.Context, q store.Querier, views []*droplet.View) error {
	v.asked++
	for _, view := range views {
		view.VolumeIDs = []string{fmt.Sprint("volume of ", view.ID)}
	}
	return v.err
}

// A neighbour is asked once for all droplets of an answer, and not for an answer
// without droplets.
func TestViewersAreAskedOnceForAnAnswer(t *testing.T) {
	w := newWorld(t, nil)
	known := &volumes{}
	w.Viewers = []droplet.Viewer{known}
	resources, err := w.Resources()
	check(t, err)
	read := func(route, id string) (*resource.Response, error) {
		return resources[0].Handlers[route](context.Background(), &resource.Request{
			AccountID: w.account, Path: map[string]string{"droplet": id}, List: list.Query{Max: 20},
		})
	}
	if _, err := read("GET /droplets", ""); err != nil || known.asked != 0 {
		t.Errorf("an empty list: asked %d times, %v", known.asked, err)
	}
	one, two := w.active(), w.active()
	all, err := read("GET /droplets", "")
	check(t, err)
	views := all.Value.([]droplet.View)
	if len(views) != 2 || known.asked != 1 || views[1].VolumeIDs[0] != fmt.Sprint("volume of ", two.ID) {
		t.Errorf("a list: asked %d times, shown %+v", known.asked, views)
	}
	single, err := read("GET /droplets/{droplet}", fmt.Sprint(one.ID))
	check(t, err)
	if view := single.Value.(droplet.View); known.asked != 2 || view.VolumeIDs[0] != fmt.Sprint("volume of ", one.ID) {
		t.Errorf("one droplet: asked %d times, shown %+v", known.asked, view)
	}
	known.err = errors.New("no luck")
	if _, err := read("GET /droplets", ""); !errors.Is(err, known.err) {
		t.Errorf("a neighbour that fails: %v", err)
	}
}
