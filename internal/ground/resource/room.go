package resource

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rockpool-cloud/rockpool/internal/ground/sweep"
)

// Room is what one package brings to the server, which loops over all rooms in
// the order in which they were constructed. A room needs no more than a name.
type Room struct {
	Name       string // in errors
	Resources  []Resource
	Collectors []prometheus.Collector // its figures for Prometheus

	// Define adds its kinds of actions to those that can be begun. All rooms have
	// defined theirs before one recovers.
	Define func()

	// Recover continues, before anything is answered, what an earlier process
	// has left.
	Recover func(ctx context.Context) error

	// Background runs once all rooms have recovered, until its context ends.
	Background []func(ctx context.Context)

	// Sweep removes rows that are too old; the key says which, in errors.
	Sweep map[string]sweep.Rows

	// Close frees what the room has. The last room is closed first, when nothing
	// runs in the background any more.
	Close func() error
}
