package action

import (
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/sweep"
)

// Room is what actions bring to the server. Actions are kept for so long after
// their end; 0 is for ever. It comes after the rooms whose actions it runs.
func (s *Service) Room(kept time.Duration) resource.Room {
	room := resource.Room{
		Name:      "actions",
		Resources: []resource.Resource{s.Resource()},
		Recover:   s.Start,
		Close:     func() error { s.Close(); return nil },
	}
	if kept > 0 {
		room.Sweep = map[string]sweep.Rows{"actions": Sweep(kept)}
	}
	return room
}
