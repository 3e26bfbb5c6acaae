// Package await is for tests that wait for another goroutine: not for ever, and
// with words for what has not come.
package await

import (
	"testing"
	"time"
)

// limit is for a busy machine, and well below the limit that make has for all
// tests of a package. In a synctest bubble it is over as soon as all else waits.
const limit = time.Minute

// Receive returns what comes from a channel, and the zero value once it is
// closed. It fails the test, naming what was awaited, if nothing comes.
func Receive[T any](tb testing.TB, from <-chan T, what string) T {
	tb.Helper()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case value := <-from:
		return value
	case <-timer.C:
		tb.Fatalf("waited %v for %s", limit, what)
	}
	panic("unreachable: Fatalf ends the test")
}
