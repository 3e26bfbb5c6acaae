package compute

import (
	"context"
	"io"
)

// Consoles is a part that an engine may have: its guests have serial consoles,
// whose output it stores.
type Consoles interface {
	// Console returns what the guest has written to its serial console so far.
	// ErrNotFound for an unknown id.
	Console(ctx context.Context, id int64) (io.ReadCloser, error)
}
