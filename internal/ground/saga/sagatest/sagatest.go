// Package sagatest tests what every kind of saga promises, whatever room it is
// of: a step or undo that runs twice does no more than one that runs once; a
// failure at any point is undone or retried; a crash at any point, forward or
// back, is recovered by the next process.
package sagatest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/await"
	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
)

// Setup is how a world of type W is opened: a room with a saga engine and all
// that is below it, on its own data.
type Setup struct {
	Inject  fault.Injector // for the context that the engine is started with
	Repeats int            // for saga.Engine.RepeatSteps
}

// Suite tests sagas in worlds of type W. A world lasts as long as its test.
type Suite[W any] struct {
	// Open opens a new world.
	Open func(t *testing.T, setup Setup) W

	// Recoveries are the ways in which a world goes on after a crash, by name: a
	// restart of the process, or of the host. Each closes the world, without
	// cleaning up, and opens one on the same data.
	Recoveries map[string]func(w W) W

	// Wait waits for the end of the saga that Case.Begin has begun, or an earlier
	// process.
	Wait func(w W) saga.End

	// AssertSound fails the test unless all parts of the world agree: database,
	// machines, addresses.
	AssertSound func(w W)
}

// Case is one saga to be tested.
type Case[W any] struct {
	Name string

	// Begin begins the saga, after arm is called: what comes before arm only
	// prepares and meets no faults.
	Begin func(w W, arm func())

	// AssertCompleted fails the test unless the world is as the completed saga
	// leaves it.
	AssertCompleted func(w W)

	// Empty says that the saga has nothing to do after it is begun.
	Empty bool
}

// errLuck is the failure that is injected.
var errLuck = errors.New("no luck")

// Run tests every case.
func (s Suite[W]) Run(t *testing.T, cases ...Case[W]) {
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { s.run(t, c) })
	}
}

func (s Suite[W]) run(t *testing.T, c Case[W]) {
	points := s.clean(t, c, 1)
	least := int64(2) // a step and the end
	if c.Empty {
		least = 1
	}
	if points < least {
		t.Fatalf("the saga passed %d fault points", points)
	}
	t.Run("steps twice", func(t *testing.T) { s.clean(t, c, 2) })
	lastFailure, undoPoints := int64(0), int64(0) // the last point at which a failure is undone, and the points after it
	for at := int64(1); at <= points; at++ {
		t.Run(fmt.Sprintf("failure at point %d", at), func(t *testing.T) {
			if after, undone := s.fail(t, c, at, 1); undone {
				lastFailure, undoPoints = at, after
			}
		})
		for name, recover := range s.Recoveries {
			t.Run(fmt.Sprintf("crash at point %d, %s", at, name), func(t *testing.T) { s.crash(t, c, at, recover) })
		}
	}
	if lastFailure == 0 {
		return // nothing of it is ever undone
	}
	t.Run("undos twice", func(t *testing.T) { s.fail(t, c, lastFailure, 2) })
	for after := int64(1); after <= undoPoints; after++ {
		for name, recover := range s.Recoveries {
			t.Run(fmt.Sprintf("failure at point %d, crash %d points later, %s", lastFailure, after, name), func(t *testing.T) {
				s.crashUndo(t, c, lastFailure, after, recover)
			})
		}
	}
}

// clean runs the saga without a fault and returns how many points it passes.
func (s Suite[W]) clean(t *testing.T, c Case[W], repeats int) int64 {
	t.Helper()
	none := NewInjector(0, nil)
	w := s.Open(t, Setup{Inject: none.Inject, Repeats: repeats})
	c.Begin(w, none.Arm)
	if end := s.Wait(w); end.Failed {
		t.Fatalf("the saga failed: %s", end.Reason)
	}
	c.AssertCompleted(w)
	s.AssertSound(w)
	return none.Count()
}

// fail has the saga fail at a point. It must be undone, or be retried until it
// completes. after is how many more points it passes.
func (s Suite[W]) fail(t *testing.T, c Case[W], at int64, repeats int) (after int64, undone bool) {
	t.Helper()
	fails := NewInjector(at, errLuck)
	w := s.Open(t, Setup{Inject: fails.Inject, Repeats: repeats})
	c.Begin(w, fails.Arm)
	await.Receive(t, fails.hit, "the saga to come to the fault point")
	end := s.Wait(w)
	if end.Failed && end.Reason == "" {
		t.Errorf("failed at %s without a reason", fails.name)
	}
	if !end.Failed {
		c.AssertCompleted(w)
	}
	s.AssertSound(w)
	return fails.Count() - at, end.Failed
}

// crash ends the process at a point. The next one must complete the saga.
func (s Suite[W]) crash(t *testing.T, c Case[W], at int64, recover func(W) W) {
	t.Helper()
	crashes := NewInjector(at, fault.ErrCrash)
	w := s.Open(t, Setup{Inject: crashes.Inject, Repeats: 1})
	c.Begin(w, crashes.Arm)
	await.Receive(t, crashes.hit, "the saga to come to the fault point")
	w = recover(w)
	if end := s.Wait(w); end.Failed {
		t.Errorf("after a crash at %s the saga failed: %s", crashes.name, end.Reason)
	} else {
		c.AssertCompleted(w)
	}
	s.AssertSound(w)
}

// crashUndo has the saga fail at a point, and ends the process so many points
// later, while it undoes. The next one must go on undoing; it may complete the
// saga if the failure was not written yet.
func (s Suite[W]) crashUndo(t *testing.T, c Case[W], at, after int64, recover func(W) W) {
	t.Helper()
	fails := NewInjector(at, errLuck)
	fails.crashAt = at + after
	w := s.Open(t, Setup{Inject: fails.Inject, Repeats: 1})
	c.Begin(w, fails.Arm)
	await.Receive(t, fails.crashed, "the saga to come to the later fault point")
	w = recover(w)
	end := s.Wait(w)
	switch {
	case !end.Failed && after == 1:
		c.AssertCompleted(w)
	case !end.Failed || end.Reason == "":
		t.Errorf("after a failure at %s and a crash %d points later the saga ended %+v", fails.name, after, end)
	}
	s.AssertSound(w)
}
