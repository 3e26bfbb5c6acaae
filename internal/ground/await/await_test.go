package await

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// recorder is a test that only notes how it failed.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func TestReceive(t *testing.T) {
	channel := make(chan int, 1)
	channel <- 7
	if got := Receive(t, channel, "a number"); got != 7 {
		t.Errorf("received %d", got)
	}
	close(channel)
	if got := Receive(t, channel, "the end"); got != 0 {
		t.Errorf("received %d from a closed channel", got)
	}
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{TB: t}
		receive := Receive[int]
		go receive(r, make(chan int), "what never comes")
		time.Sleep(2 * limit)
		synctest.Wait()
		if r.said != "waited 1m0s for what never comes" {
			t.Errorf("it said %q", r.said)
		}
	})
}
