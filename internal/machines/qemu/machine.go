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
)

// machine is one id's folder and what this process holds of it.
type machine struct {
	id  int64
	dir string

	busy chan struct{} // holds a value while a method changes the machine

	mu       sync.Mutex
	vm       *vm // nil: no QEMU that this engine monitors
	metadata *metadataServer
}

func (m *machine) path(name string) string { return filepath.Join(m.dir, name) }

// acquire returns the machine with that id, for the caller alone, until it
// calls release. The folder need not be there.
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
		<-m.busy // it was forgotten meanwhile
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

// known returns the machine if the engine holds something of it, and else one
// that is good only for looking at.
func (e *Engine) known(id int64) *machine {
	e.mu.Lock()
	defer e.mu.Unlock()
	if m, ok := e.machines[id]; ok {
		return m
	}
	return e.newMachine(id)
}

// newMachine returns a machine that the engine does not know: good only for
// looking at, until it does.
func (e *Engine) newMachine(id int64) *machine {
	return &machine{
		id:   id,
		dir:  filepath.Join(e.config.Dir, strconv.FormatInt(id, 10)),
		busy: make(chan struct{}, 1),
	}
}

// release lets others change the machine, and forgets it if nothing is there.
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

// letGo closes all that this process holds of the machine, as its end would.
func (m *machine) letGo() error {
	m.mu.Lock()
	v, metadata := m.vm, m.metadata
	m.metadata = nil
	m.mu.Unlock()
	if v != nil {
		v.letGo()
	}
	return metadata.close()
}

// failed says which call on which machine failed.
func failed(call string, id int64, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s machine %d: %w", call, id, err)
}
