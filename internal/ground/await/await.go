// Package await lets tests wait for another goroutine. After a minute they fail
// with a message that says what they waited for.
package await

import (
	"testing"
	"time"
)

// limit is long enough for a busy machine, and far below make's limit for the
// tests of a package. In a synctest bubble it passes as soon as all goroutines
// wait.
const limit = time.Minute

// Receive returns the next value from a channel, or the zero value once it is
// closed. If nothing comes it fails the test, with what as the name of the
// missing value.
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
