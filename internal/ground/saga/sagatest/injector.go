package sagatest

import (
	"errors"
	"sync/atomic"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
)

// Injector counts fault points from when it is armed, and injects a failure or a
// crash at one of them.
type Injector struct {
	armed   atomic.Bool
	count   atomic.Int64
	at      int64
	err     error
	hit     chan struct{} // closed at that point
	name    string        // of that point; valid when hit is closed
	crashAt int64         // a later point at which the process ends; 0 for none
	crashed chan struct{} // closed at that point
}

// NewInjector returns an injector of err at the point with that number; 0 is
// none.
func NewInjector(at int64, err error) *Injector {
	return &Injector{at: at, err: err, hit: make(chan struct{}), crashed: make(chan struct{})}
}

// Arm begins the count of points.
func (i *Injector) Arm() { i.armed.Store(true) }

// Count is how many points have been passed.
func (i *Injector) Count() int64 { return i.count.Load() }

// Hit is closed at the point.
func (i *Injector) Hit() <-chan struct{} { return i.hit }

// Inject is a fault.Injector. After a crash all points crash: a process that is
// gone does nothing more.
func (i *Injector) Inject(point string) error {
	if !i.armed.Load() {
		return nil
	}
	n := i.count.Add(1)
	switch {
	case i.at == 0 || n < i.at:
		return nil
	case n == i.at:
		i.name = point
		close(i.hit)
		return i.err
	case errors.Is(i.err, fault.ErrCrash):
		return i.err
	case i.crashAt == 0 || n < i.crashAt:
		return nil
	case n == i.crashAt:
		close(i.crashed)
	}
	return fault.ErrCrash
}
