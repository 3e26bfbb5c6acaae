package action

import (
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/sweep"
)

// Room returns the room of actions. Actions are removed that long after their end; 0
// is never. The room comes after those whose actions it runs, because its Recover
// runs them.
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
