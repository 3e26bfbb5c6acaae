// Package fault lets tests inject failures, and crashes like kill -9, at named points.
// Code calls At before every effect outside the database (on a file, a process, a
// socket). In production there is no injector in the context, and At only looks for
// one there.
package fault

import (
	"context"
	"errors"
)

// ErrCrash is returned by an injector to simulate that the process dies at that point.
// Code that gets it must return without cleaning up or writing anything.
var ErrCrash = errors.New("crashed by fault injection")

// Injector decides what happens at the point with that name.
type Injector func(point string) error

type key struct{}

// With returns a context in which At calls inject.
func With(ctx context.Context, inject Injector) context.Context {
	return context.WithValue(ctx, key{}, inject)
}

// At returns the error that a test injects at that point; nil if it injects none.
func At(ctx context.Context, point string) error {
	if inject, ok := ctx.Value(key{}).(Injector); ok {
		return inject(point)
	}
	return nil
}
