// Package simulated is an engine without machines: it has all rules and states, but
// nothing boots. Its guests obey at once. It is for tests, and for trying Rockpool's
// API without machines.
package simulated

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// Engine is a compute.Engine with one small file for each machine, in which a new
// process finds the machines of the one before.
type Engine struct {
	dir  string
	deaf bool
	host string

	mu       sync.Mutex
	machines map[int64]*machine
	notify   func(compute.Event)
	closed   bool
	reports  sync.WaitGroup
}

// machine is a machine's state in memory. Its file has the same record.
type machine struct {
	record  record
	stopped chan struct{} // closed while it does not run
}

var (
	_ compute.Engine   = (*Engine)(nil)
	_ compute.Consoles = (*Engine)(nil)
	_ compute.Hosted   = (*Engine)(nil)
)

// Traits of the engine: nothing boots, and no port is bound.
var Traits = compute.Traits{Name: "simulated", DropletFeatures: []string{feature}}

const feature = "simulated"

// IsSimulated reports whether a droplet that shows those features is simulated.
func IsSimulated(features []string) bool { return slices.Contains(features, feature) }

// Option changes how all guests of an engine behave.
type Option func(*Engine)

// IgnoreShutdown makes guests that don't obey Shutdown.
func IgnoreShutdown() Option { return func(e *Engine) { e.deaf = true } }

// InHost sets the engine's HostLife. Machines that were started in another life of
// the host are stopped when the engine is opened.
func InHost(life string) Option { return func(e *Engine) { e.host = life } }

// HostLife is the argument of InHost, or empty.
func (e *Engine) HostLife() (string, error) { return e.host, nil }

// Open returns an engine on the machines whose files are in dir, which it makes
// if it is not there.
func Open(dir string, options ...Option) (*Engine, error) {
	e := &Engine{dir: dir, machines: make(map[int64]*machine)}
	for _, option := range options {
		option(e)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("simulated engine: %w", err)
	}
	if err := e.load(); err != nil {
		return nil, fmt.Errorf("simulated engine: %w", err)
	}
	return e, nil
}

// Traits of every simulated engine.
func (e *Engine) Traits() compute.Traits { return Traits }

// Capabilities has no bounds and no real guests.
func (e *Engine) Capabilities(ctx context.Context) (compute.Capabilities, error) {
	return compute.Capabilities{
		Traits:      Traits,
		Accelerator: "none",
		Reason:      "machines are only simulated",
		Features:    []string{"metadata"},
	}, ctx.Err()
}

// Guest returns the public address in the network of its first 24 bits.
func (e *Engine) Guest(_ int64, nic compute.Interface) (compute.Guest, error) {
	guest := compute.Guest{Nameservers: []netip.Addr{netip.AddrFrom4([4]byte{1, 1, 1, 1})}}
	if !nic.Address.Is4() {
		return guest, nil
	}
	bytes := nic.Address.As4()
	bytes[3] = 1
	guest.Address = netip.PrefixFrom(nic.Address, 24)
	guest.Gateway = netip.AddrFrom4(bytes)
	return guest, nil
}

// Recover stores notify and removes files that an earlier process had not finished to
// write. Open has read the others.
func (e *Engine) Recover(ctx context.Context, notify func(compute.Event)) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.notify = notify
	if err := fault.At(ctx, "simulated.recover"); err != nil {
		return err
	}
	unfinished, err := filepath.Glob(filepath.Join(e.dir, "*"+unfinishedSuffix))
	if err != nil {
		return err
	}
	for _, path := range unfinished {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("recover: %w", err)
		}
	}
	return ctx.Err()
}

// List returns the ids in order.
func (e *Engine) List(ctx context.Context) ([]int64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	ids := make([]int64, 0, len(e.machines))
	for id := range e.machines {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids, ctx.Err()
}

// Close waits for the calls of notify to return.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.reports.Wait()
	return nil
}

// Crash ends a running machine as the death of a process would.
func (e *Engine) Crash(id int64) error {
	return e.with(context.Background(), "crash", id, func(m *machine) error {
		if !m.record.Running {
			return compute.ErrNotRunning
		}
		if err := e.halt(m); err != nil {
			return err
		}
		e.report(compute.Event{ID: id, Reason: "the machine crashed"})
		return nil
	})
}

// report calls notify in a goroutine of its own. e.mu must be locked.
func (e *Engine) report(event compute.Event) {
	if e.notify == nil || e.closed {
		return
	}
	notify := e.notify
	e.reports.Go(func() { notify(event) })
}
