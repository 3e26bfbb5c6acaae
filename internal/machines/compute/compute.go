// Package compute is the contract between Rockpool and whatever runs its
// machines. A machine is known to its engine by the id of the droplet it is
// for; what the droplet means to the API is no concern of an engine.
package compute

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
)

// Errors that every engine returns for the same causes, to be matched with
// errors.Is.
var (
	// ErrNotFound means that the engine holds no machine with that id.
	ErrNotFound = errors.New("machine not found")
	// ErrNotRunning means that the call needs a running machine.
	ErrNotRunning = errors.New("machine is not running")
)

// State is what a machine is doing.
type State string

// The states of a machine.
const (
	Absent  State = "absent"  // the engine holds nothing of it
	Stopped State = "stopped" // its disk is there, no process runs
	Running State = "running"
)

// Spec is all that an engine needs to make one machine.
type Spec struct {
	ID       int64  // of the droplet
	Hostname string // the name that the guest is told
	VCPUs    int
	MemoryMB int
	DiskGB   int
	Image    Image
	NIC      NIC
}

// Image is the disk that a machine starts from. It is never written to.
type Image struct {
	Path   string // of the disk file
	Format string // "qcow2" or "raw"; always told, never guessed from the file
}

// NIC is a machine's public network interface.
type NIC struct {
	MAC      string     // lower case, colons
	Address  netip.Addr // the machine's public address on the host's side
	Forwards []Forward  // what reaches the guest there; for networks without a route
}

// Forward lets TCP connections to a port of the machine's public address reach
// a port of the guest.
type Forward struct {
	HostPort  int `json:"host_port"`
	GuestPort int `json:"guest_port"`
}

// Guest is the network as the guest sees it, which is what its metadata must
// tell: on a forwarding network it differs from the public address.
type Guest struct {
	Address     netip.Prefix // address and length of the network's prefix
	Gateway     netip.Addr
	Nameservers []netip.Addr
}

// String is the way of a connection: "2222->22".
func (f Forward) String() string { return fmt.Sprintf("%d->%d", f.HostPort, f.GuestPort) }

// CheckForwards returns why those forwards can't be, if they can't.
func CheckForwards(forwards []Forward) error {
	hosts := map[int]bool{}
	for _, f := range forwards {
		if min(f.HostPort, f.GuestPort) < 1 || max(f.HostPort, f.GuestPort) > math.MaxUint16 {
			return fmt.Errorf("port %d can't be forwarded to port %d: ports are from 1 to %d", f.HostPort, f.GuestPort, math.MaxUint16)
		}
		if hosts[f.HostPort] {
			return fmt.Errorf("port %d can't be forwarded twice", f.HostPort)
		}
		hosts[f.HostPort] = true
	}
	return nil
}

// Capabilities is what an engine can do on this machine, as data.
type Capabilities struct {
	Name         string   // "qemu", "simulated"
	Real         bool     // a guest really runs
	Accelerator  string   // "kvm", "tcg" or "none"
	Reason       string   // why that accelerator
	MemoryMB     int      // the largest machine's memory; 0 means no bound
	VCPUs        int      // the largest machine's processors; 0 means no bound
	HostMemoryMB int      // what all machines together can have; 0 means no bound
	HostDiskGB   int      // likewise, with what their disks have taken already
	Features     []string // the region features that this engine can give
}

// Event tells that a machine stopped without having been asked to by Stop or
// Destroy: the guest powered itself off, or its process died.
type Event struct {
	ID      int64
	Reason  string // a short human sentence
	ByGuest bool   // the guest powered itself off; else its process ended for another reason
}

// Engine runs machines. Every method is idempotent, safe for concurrent use
// with different ids, and may be called again after a crash at any point of an
// earlier call: it goes on from what it finds.
type Engine interface {
	// Capabilities may wait for the engine to find out, but not for long.
	Capabilities(ctx context.Context) (Capabilities, error)

	// Guest returns the network that the guest of the machine with that id and
	// NIC sees. It stays the same for the machine's life. For an unknown id it
	// is what a machine would see that is made now.
	Guest(id int64, nic NIC) (Guest, error)

	// Recover finds the machines left by an earlier process, running or not,
	// and goes on serving them. It is called once, before any other method
	// that names a machine. From then on notify is told of every Event; it is
	// called from the engine's own goroutines and may call the engine, but not
	// Close, which waits for it to return.
	Recover(ctx context.Context, notify func(Event)) error

	// List returns the ids of all machines that the engine holds, in order.
	List(ctx context.Context) ([]int64, error)

	// Create makes the machine's disk and whatever else it needs to start.
	// It fails for good, leaving nothing behind, or the machine is Stopped.
	// A machine that is there already, complete, is left as it is.
	Create(ctx context.Context, spec Spec) error

	// Start returns when the machine is Running; no error if it was before.
	Start(ctx context.Context, id int64) error

	// Forward sets what reaches the guest at its machine's address, from the
	// machine's next Start or Reset on. It fails for good, changing nothing, if
	// the forwards can't be; ErrNotFound for an unknown id.
	Forward(ctx context.Context, id int64, forwards []Forward) error

	// Shutdown asks the guest to power off and returns at once; the guest may
	// not obey. ErrNotRunning if there is nobody to ask.
	Shutdown(ctx context.Context, id int64) error

	// Wait returns when the machine is not running; at once for an unknown id.
	Wait(ctx context.Context, id int64) error

	// Stop ends the machine hard; no error if it does not run, nor for an
	// unknown id.
	Stop(ctx context.Context, id int64) error

	// Reset restarts the guest hard, as a reset button does. ErrNotRunning if
	// it does not run.
	Reset(ctx context.Context, id int64) error

	// Destroy ends the machine and removes all that the engine holds of it.
	// No error for an unknown id.
	Destroy(ctx context.Context, id int64) error

	// State of the machine as it is now; Absent for an unknown id.
	State(ctx context.Context, id int64) (State, error)

	// Console returns what the guest has written to its serial console so far.
	// ErrNotFound for an unknown id.
	Console(ctx context.Context, id int64) (io.ReadCloser, error)

	// Close lets go of the machines without stopping them.
	Close() error
}

// Hosted is a part that an engine may have: its machines end with a host.
type Hosted interface {
	// HostLife is the same for as long as the host of the machines runs, and
	// another one after its restart.
	HostLife() (string, error)
}
