// Package fault lets a test make an external effect fail, or crash the program
// as kill -9 would, exactly where it wants. Every effect on the world outside
// the database (a file, a process, a socket) passes a named point first. In
// production no injector is in the context and a point costs a map look-up.
package fault

import (
	"context"
	"errors"
)

// ErrCrash, returned by an injector, stands for the death of the process at
// that point: whoever gets it must return without cleaning up or writing
// anything, as if it had not been there to do so.
var ErrCrash = errors.New("crashed by fault injection")

// Injector decides what happens at the point with that name.
type Injector func(point string) error

type key struct{}

// With returns a context in which the points ask inject.
func With(ctx context.Context, inject Injector) context.Context {
	return context.WithValue(ctx, key{}, inject)
}

// At is a point: it returns nil, or the error that a test wants there.
func At(ctx context.Context, point string) error {
	if inject, ok := ctx.Value(key{}).(Injector); ok {
		return inject(point)
	}
	return nil
}
