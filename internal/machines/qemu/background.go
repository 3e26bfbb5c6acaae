package qemu

import (
	"context"
	"sync"
)

// background is work that is done once, in a goroutine of its own. Any number of
// callers wait for its result.
type background[T any] struct {
	ctx    context.Context
	cancel context.CancelFunc
	work   func(context.Context) (T, error)

	once   sync.Once
	done   chan struct{}
	result T
	err    error
}

func newBackground[T any](ctx context.Context, work func(context.Context) (T, error)) *background[T] {
	ctx, cancel := context.WithCancel(ctx)
	return &background[T]{ctx: ctx, cancel: cancel, work: work, done: make(chan struct{})}
}

func (b *background[T]) begin() {
	b.once.Do(func() {
		go func() {
			defer close(b.done)
			b.result, b.err = b.work(b.ctx)
		}()
	})
}

// wait returns the result. It begins the work if that has not begun.
func (b *background[T]) wait(ctx context.Context) (T, error) {
	b.begin()
	select {
	case <-b.done:
		return b.result, b.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// stop cancels the work and returns when it has ended.
func (b *background[T]) stop() {
	b.cancel()
	b.once.Do(func() {
		b.err = context.Canceled
		close(b.done)
	})
	<-b.done
}
