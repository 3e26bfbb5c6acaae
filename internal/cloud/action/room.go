package action

import (
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/region"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/sweep"
)

// Room is what actions bring to the server. Actions are kept for so long after
// their end; 0 is for ever. It comes after the rooms whose actions it runs.
func (e *Engine) Room(regions *region.Catalog, kept time.Duration) resource.Room {
	old := map[string]sweep.Rows{"steps of actions": SweepSteps}
	if kept > 0 {
		old["actions"] = Sweep(kept)
	}
	return resource.Room{
		Name:      "actions",
		Resources: []resource.Resource{e.Resource(regions)},
		Recover:   e.Start,
		Sweep:     old,
		Close:     func() error { e.Close(); return nil },
	}
}
