package ratelimit_test

import (
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ratelimit"
)

func TestTake(t *testing.T) {
	start := time.Unix(1e9, 0)
	now := start
	l := ratelimit.New(5, 3, func() time.Time { return now })
	for i, step := range []struct {
		after     time.Duration
		allowed   bool
		remaining int
		reset     time.Duration // from the start
		retry     time.Duration
	}{
		{0, true, 4, time.Hour, 0},
		{10 * time.Second, true, 3, time.Hour, 0},
		{10 * time.Second, true, 2, time.Hour, 0},
		{10 * time.Second, false, 0, time.Hour, 30 * time.Second}, // three in a minute
		{30 * time.Second, true, 1, time.Hour, 0},
		{time.Minute, true, 0, time.Hour, 0},
		{time.Minute, false, 0, time.Hour, 57 * time.Minute}, // five in an hour
		{57 * time.Minute, true, 0, time.Hour + 10*time.Second, 0},
		{24 * time.Hour, true, 4, 26 * time.Hour, 0},
	} {
		now = now.Add(step.after)
		got := l.Take(1)
		want := ratelimit.Verdict{Allowed: step.allowed, Limit: 5, Remaining: step.remaining, Reset: start.Add(step.reset), RetryAfter: step.retry}
		if got != want {
			t.Errorf("request %d: %+v, want %+v", i, got, want)
		}
	}
	if v := l.Take(2); !v.Allowed || v.Remaining != 4 {
		t.Errorf("another token's first: %+v", v)
	}
}

func TestNoBound(t *testing.T) {
	l := ratelimit.New(0, 3, time.Now)
	for range 10 {
		if v := l.Take(1); !v.Allowed || v.Remaining != ratelimit.Unlimited || v.Limit != ratelimit.Unlimited {
			t.Errorf("%+v", v)
		}
	}
}
