package droplet

import (
	"maps"
	"slices"
	"sync"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// missed are the events of machines that are not dealt with yet, the latest of
// each machine.
type missed struct {
	mu     sync.Mutex
	events map[int64]compute.Event
	signal chan struct{} // has a value when one was added
}

func (m *missed) add(e compute.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.events == nil {
		m.events = map[int64]compute.Event{}
	}
	m.events[e.ID] = e
	select {
	case m.channel() <- struct{}{}:
	default:
	}
}

func (m *missed) drop(e compute.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.events, e.ID)
}

func (m *missed) all() []compute.Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.events))
}

// added has a value when an event was added.
func (m *missed) added() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.channel()
}

func (m *missed) channel() chan struct{} {
	if m.signal == nil {
		m.signal = make(chan struct{}, 1)
	}
	return m.signal
}
