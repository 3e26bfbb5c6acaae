package droplet

import (
	"maps"
	"slices"
	"sync"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// eventQueue has the events of machines that are not applied to their droplets yet:
// the latest event of each machine.
type eventQueue struct {
	mu     sync.Mutex
	events map[int64]compute.Event
	signal chan struct{} // has a value after an event was added
}

func (q *eventQueue) add(e compute.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.events == nil {
		q.events = map[int64]compute.Event{}
	}
	q.events[e.ID] = e
	select {
	case q.channel() <- struct{}{}:
	default:
	}
}

func (q *eventQueue) remove(e compute.Event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.events, e.ID)
}

func (q *eventQueue) all() []compute.Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Collect(maps.Values(q.events))
}

// added returns a channel that has a value after an event was added.
func (q *eventQueue) added() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.channel()
}

func (q *eventQueue) channel() chan struct{} {
	if q.signal == nil {
		q.signal = make(chan struct{}, 1)
	}
	return q.signal
}
