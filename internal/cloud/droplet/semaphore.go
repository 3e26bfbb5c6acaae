package droplet

import (
	"context"
	"runtime"
	"sync"
)

// semaphore bounds how many machines are started at a time: as many as there are
// processors. After a restart of the host all droplets are resumed together. If they
// shared the processors, every start would exceed its time limit. There are at least
// two permits, so that one start that hangs does not block all others.
type semaphore struct {
	once    sync.Once
	permits chan struct{} // has a value for each permit that is in use
}

// acquire waits for a permit and returns the function that releases it, or fails
// with the cause of ctx's end.
func (s *semaphore) acquire(ctx context.Context) (release func(), err error) {
	s.once.Do(func() { s.permits = make(chan struct{}, max(2, runtime.NumCPU())) })
	select {
	case s.permits <- struct{}{}:
		return func() { <-s.permits }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
