package qemu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/accel"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/capacity"
)

// Traits of the engine.
var Traits = compute.Traits{Name: "qemu", Real: true, BindsPorts: true, ImageFiles: true}

// Engine is a compute.Engine of QEMU processes on this host.
type Engine struct {
	config   Config
	isolated bool   // each QEMU runs as a user of its own
	users    users  // those users, if isolated
	marks    string // the prefix of the marks of its machines (see mark)

	accelerator *background[accel.Result]
	relay       *background[string] // installs the relay when the engine is opened
	installing  sync.Mutex          // locked while the relay is installed

	mu       sync.Mutex
	machines map[int64]*machine
	notify   func(compute.Event)
	closed   atomic.Bool // set with mu locked
	monitors sync.WaitGroup
}

var (
	_ compute.Engine   = (*Engine)(nil)
	_ compute.Consoles = (*Engine)(nil)
	_ compute.Hosted   = (*Engine)(nil)
)

var errClosed = errors.New("the QEMU engine was closed")

// Open returns an engine on the machines in the folder config.Dir, which it makes
// if necessary. It does not wait for the choice of an accelerator. If QEMU is not
// installed Open succeeds, and the methods that need QEMU fail and say so.
func Open(ctx context.Context, config Config) (*Engine, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &Engine{
		config:   config,
		isolated: canIsolate(config.Logger),
		machines: make(map[int64]*machine),
	}
	if err := e.makeFolders(ctx); err != nil {
		return nil, fmt.Errorf("QEMU engine: %w", err)
	}
	// Machines' folders refer to other files by "..", which is the parent of the
	// folder that a symbolic link refers to.
	if err := e.config.resolve(); err != nil {
		return nil, fmt.Errorf("QEMU engine: %w", err)
	}
	if e.marks, err = marksOf(e.config.Dir); err != nil {
		return nil, fmt.Errorf("QEMU engine: %w", err)
	}
	if e.isolated {
		e.users = e.chooseUsers()
	}
	ctx = context.WithoutCancel(ctx)
	e.accelerator = newBackground(ctx, e.chooseAccelerator)
	e.relay = newBackground(ctx, e.installRelay)
	e.relay.begin()
	if _, _, err := config.installed(); err == nil {
		e.accelerator.begin()
	}
	return e, nil
}

// Traits of every QEMU engine.
func (e *Engine) Traits() compute.Traits { return Traits }

// Capabilities waits for the choice of an accelerator, about a second at most.
func (e *Engine) Capabilities(ctx context.Context) (compute.Capabilities, error) {
	if _, _, err := e.config.installed(); err != nil {
		return compute.Capabilities{}, err
	}
	accelerator, err := e.accelerator.wait(ctx)
	if err != nil {
		return compute.Capabilities{}, fmt.Errorf("choose an accelerator: %w", err)
	}
	host, err := capacity.Of(e.config.Dir)
	if err != nil {
		return compute.Capabilities{}, err
	}
	return compute.Capabilities{
		Traits:       Traits,
		Accelerator:  accelerator.Accelerator,
		Reason:       accelerator.Reason,
		MemoryMB:     host.MemoryMB,
		Disks:        maxDisks,
		Interfaces:   maxInterfaces,
		HostMemoryMB: host.MemoryMB,
		HostDiskGB:   host.DiskGB,
		Features:     []string{"metadata"},
	}, nil
}

// List reads the machines' folders, and adds the machines that run although their
// folders were removed.
func (e *Engine) List(ctx context.Context) ([]int64, error) {
	entries, err := os.ReadDir(e.config.Dir)
	if err != nil {
		return nil, fmt.Errorf("list machines: %w", err)
	}
	ids := []int64{}
	for _, entry := range entries {
		if id, ok := parseID(entry.Name()); ok {
			ids = append(ids, id)
		}
	}
	ids = append(ids, e.running()...)
	slices.Sort(ids)
	return slices.Compact(ids), ctx.Err()
}

// running returns the ids of the machines whose QEMU the engine monitors.
func (e *Engine) running() (ids []int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, m := range e.machines {
		if v := m.monitored(); v != nil && !v.process.HasEnded() {
			ids = append(ids, id)
		}
	}
	return ids
}

func parseID(name string) (int64, bool) {
	id, err := strconv.ParseInt(name, 10, 64)
	return id, err == nil && id > 0 && strconv.FormatInt(id, 10) == name
}

// Close stops monitoring the machines. They run on.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed.Store(true)
	machines := make([]*machine, 0, len(e.machines))
	for _, m := range e.machines {
		machines = append(machines, m)
	}
	e.mu.Unlock()
	var errs []error
	for _, m := range machines {
		errs = append(errs, m.detach())
	}
	e.accelerator.stop()
	e.relay.stop()
	e.monitors.Wait()
	return errors.Join(errs...)
}

func (e *Engine) report(event compute.Event) {
	e.mu.Lock()
	notify := e.notify
	e.mu.Unlock()
	if notify != nil {
		notify(event)
	}
}
