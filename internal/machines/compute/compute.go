// Package compute is the contract between Rockpool and an engine, which is
// whatever runs its machines. An engine knows a machine by the id of the droplet
// that it is for, and nothing else of the API.
//
// Engine is the core that every engine has. What only some engines can do is a
// part: a small interface of its own, for which the caller asks by a type
// assertion (Consoles, Hosted). A new part is one interface in a file here, one
// suite in package enginetest, which runs for every engine that has the part,
// and one implementation.
package compute

import (
	"context"
	"errors"
)

// Errors that every engine returns for the same causes, to be matched with
// errors.Is.
var (
	// ErrNotFound means that the engine has no machine with that id.
	ErrNotFound = errors.New("machine not found")
	// ErrNotRunning means that the call needs a running machine.
	ErrNotRunning = errors.New("machine is not running")
	// ErrRunning means that the call needs a machine that is stopped.
	ErrRunning = errors.New("machine is running")
	// ErrShrink means that a disk would lose what its guest may have written.
	ErrShrink = errors.New("disk can't shrink")
)

// State is what a machine is doing.
type State string

// The states of a machine.
const (
	Absent  State = "absent"  // the engine has nothing of it
	Stopped State = "stopped" // its disks are there, no process runs
	Running State = "running"
)

// Event is the end of a machine that neither Stop nor Destroy asked for: the
// guest powered itself off, or its process died.
type Event struct {
	ID      int64
	Reason  string // a short human sentence
	ByGuest bool   // the guest powered itself off; else its process ended for another reason
}

// Engine runs machines. Every method is idempotent and safe for concurrent use
// with different ids. After a crash at any point of a call the same call may be
// made again: it continues from what it finds.
type Engine interface {
	// Traits are the same for every engine of its kind.
	Traits() Traits

	// Capabilities may wait for the engine to find out, but not for long.
	Capabilities(ctx context.Context) (Capabilities, error)

	// Guest returns the network that the guest of the machine with that id sees
	// on that interface. It stays the same for the machine's life. For an unknown
	// id it is the network of a machine that would be made now.
	Guest(id int64, nic Interface) (Guest, error)

	// Recover finds the machines that an earlier process left, running or not,
	// and serves them. It is called once, before any other method that names a
	// machine. From then on the engine calls notify with every Event, from
	// goroutines of its own. notify may call the engine, but not Close, which
	// waits for notify to return.
	Recover(ctx context.Context, notify func(Event)) error

	// List returns the ids of all machines of the engine, in order.
	List(ctx context.Context) ([]int64, error)

	// Create makes the machine's disks and whatever else it needs to start. If
	// it fails it leaves nothing behind; if it succeeds the machine is Stopped.
	// A complete machine with that id is left as it is.
	Create(ctx context.Context, spec Spec) error

	// Change brings the machine of spec.ID to that spec, from its next Start or
	// Reset on. The number of disks stays, and the images are ignored. After a
	// crash the machine has the old spec or the new one. After an error it nearly
	// always has the old one. It has the new one if the new spec was written, and
	// making it last through a power failure did not succeed: so ask Spec. Errors:
	// ErrNotFound for an unknown id, ErrRunning if the change needs a stopped
	// machine (Spec.NeedsStop), ErrShrink if a disk would get smaller than its
	// image or than a guest has ever been started with; with these the machine has
	// the old spec. To undo a Change, call Change with the old spec.
	Change(ctx context.Context, spec Spec) error

	// Start returns when the machine is Running; no error if it was before.
	Start(ctx context.Context, id int64) error

	// Shutdown asks the guest to power off and returns at once; the guest may
	// not obey. ErrNotRunning if the machine does not run.
	Shutdown(ctx context.Context, id int64) error

	// Wait returns when the machine is not running; at once for an unknown id.
	Wait(ctx context.Context, id int64) error

	// Stop ends the machine hard; no error if it does not run, nor for an
	// unknown id.
	Stop(ctx context.Context, id int64) error

	// Reset restarts the guest hard, as a reset button does. ErrNotRunning if
	// it does not run.
	Reset(ctx context.Context, id int64) error

	// Destroy ends the machine and removes all that the engine has of it.
	// No error for an unknown id.
	Destroy(ctx context.Context, id int64) error

	// State of the machine as it is now; Absent for an unknown id.
	State(ctx context.Context, id int64) (State, error)

	// Spec returns the spec that the machine was made with or last changed to.
	// The names of images may be missing. ErrNotFound for an unknown id.
	Spec(ctx context.Context, id int64) (Spec, error)

	// Close ends the engine's own work. Its machines run on.
	Close() error
}
