package qemu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/guesthttp"
)

// machine is the folder of one machine and this process's state of it.
type machine struct {
	id  int64
	dir string

	busy chan struct{} // a lock: full while a method changes the machine

	mu       sync.Mutex
	vm       *vm // nil: no QEMU that this engine monitors
	metadata *guesthttp.Server
}

func (m *machine) path(name string) string { return filepath.Join(m.dir, name) }

// acquire locks the machine with that id until the caller calls release. The
// folder need not be there.
func (e *Engine) acquire(ctx context.Context, id int64) (m *machine, release func(), err error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, nil, context.Cause(ctx)
		}
		m := e.machine(id)
		select {
		case m.busy <- struct{}{}:
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
		if e.machine(id) == m {
			return m, func() { e.release(m) }, nil
		}
		<-m.busy // another call has removed it from e.machines meanwhile
	}
}

func (e *Engine) machine(id int64) *machine {
	e.mu.Lock()
	defer e.mu.Unlock()
	m, ok := e.machines[id]
	if !ok {
		m = e.newMachine(id)
		e.machines[id] = m
	}
	return m
}

// known returns the machine for reading, without locking it. It is a new one if
// the engine has no state of it.
func (e *Engine) known(id int64) *machine {
	e.mu.Lock()
	defer e.mu.Unlock()
	if m, ok := e.machines[id]; ok {
		return m
	}
	return e.newMachine(id)
}

// newMachine returns a machine that is not in e.machines.
func (e *Engine) newMachine(id int64) *machine {
	return &machine{
		id:   id,
		dir:  filepath.Join(e.config.Dir, strconv.FormatInt(id, 10)),
		busy: make(chan struct{}, 1),
	}
}

// release unlocks the machine, and removes it from e.machines if it has neither a
// folder nor state.
func (e *Engine) release(m *machine) {
	defer func() { <-m.busy }()
	if exists, err := m.exists(); err != nil || exists {
		return
	}
	m.mu.Lock()
	inUse := m.vm != nil || m.metadata != nil
	m.mu.Unlock()
	if inUse {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.machines, m.id)
}

// exists reports whether the machine has a folder. A folder is complete once it
// has its final name.
func (m *machine) exists() (bool, error) {
	_, err := os.Stat(m.dir)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (m *machine) mustExist() error {
	exists, err := m.exists()
	if err == nil && !exists {
		err = compute.ErrNotFound
	}
	return err
}

// monitored returns the QEMU that this engine monitors, or nil.
func (m *machine) monitored() *vm {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.vm
}

func (m *machine) connect(v *vm) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.vm = v
}

// detach closes all that this process has open of the machine, as the end of the
// process would.
func (m *machine) detach() error {
	m.mu.Lock()
	v, metadata := m.vm, m.metadata
	m.metadata = nil
	m.mu.Unlock()
	if v != nil {
		v.detach()
	}
	return metadata.Close()
}

// failed says which call on which machine failed.
func failed(call string, id int64, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s machine %d: %w", call, id, err)
}
