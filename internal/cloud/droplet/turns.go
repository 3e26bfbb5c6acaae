package droplet

import (
	"context"
	"runtime"
	"sync"
)

// turns bounds how many machines are started at a time. After a restart of the
// host all want to start at once, and a start that has to share its processor
// with a hundred others takes too long for them all.
type turns struct {
	once sync.Once
	free chan struct{}
}

// take waits for a turn, which lasts until leave is called. One start that
// hangs does not keep all others: there are two turns at the least.
func (t *turns) take(ctx context.Context) (leave func(), err error) {
	t.once.Do(func() { t.free = make(chan struct{}, max(2, runtime.NumCPU())) })
	select {
	case t.free <- struct{}{}:
		return func() { <-t.free }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
