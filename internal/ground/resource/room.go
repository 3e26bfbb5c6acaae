package resource

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rockpool-cloud/rockpool/internal/ground/sweep"
)

// Room is what a package that owns a resource hands to the server. The server loops
// over all rooms in the order in which they were constructed. All fields but the
// name may be empty.
type Room struct {
	Name       string // for error messages
	Resources  []Resource
	Collectors []prometheus.Collector // metrics for Prometheus

	// Define defines the room's kinds of actions. The server calls it for all rooms
	// before it calls Recover for any.
	Define func()

	// Recover continues what an earlier process left unfinished. The server calls it
	// before it answers requests.
	Recover func(ctx context.Context) error

	// Background has functions that run, after all rooms have recovered, until their
	// context ends.
	Background []func(ctx context.Context)

	// Sweep removes rows that are too old. The key names them in error messages.
	Sweep map[string]sweep.Rows

	// Close releases the room's resources. The server closes the rooms in reverse
	// order, after all functions in Background have returned.
	Close func() error
}
