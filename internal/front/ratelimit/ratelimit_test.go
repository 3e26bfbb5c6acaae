package ratelimit_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/front/ratelimit"
)

func TestTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(5, 3)
		for i, step := range []struct {
			after     time.Duration
			allowed   bool
			remaining int
			reset     time.Duration
			retry     time.Duration
		}{
			{0, true, 4, time.Hour, 0},
			{10 * time.Second, true, 3, time.Hour - 10*time.Second, 0},
			{10 * time.Second, true, 2, time.Hour - 20*time.Second, 0},
			{10 * time.Second, false, 0, time.Hour - 30*time.Second, 30 * time.Second}, // three in a minute
			{30*time.Second - 1, false, 0, 59*time.Minute + 1, 1},
			{1, true, 1, 59 * time.Minute, 0},
			{time.Minute, true, 0, 58 * time.Minute, 0},
			{time.Minute, false, 0, 57 * time.Minute, 57 * time.Minute}, // five in an hour
			{57*time.Minute - 1, false, 0, 1, 1},
			{1, true, 0, 10 * time.Second, 0},
			{24 * time.Hour, true, 4, time.Hour, 0},
		} {
			time.Sleep(step.after)
			got := l.Take(1)
			want := ratelimit.Verdict{Allowed: step.allowed, Limit: 5, Remaining: step.remaining, Reset: step.reset, RetryAfter: step.retry}
			if got != want {
				t.Errorf("request %d: %+v, want %+v", i, got, want)
			}
		}
		if v := l.Take(2); !v.Allowed || v.Remaining != 4 {
			t.Errorf("another token's first: %+v", v)
		}
	})
}

func TestNoLimitOfAMinute(t *testing.T) {
	l := ratelimit.New(3, 0)
	for i, allowed := range []bool{true, true, true, false} {
		if v := l.Take(1); v.Allowed != allowed {
			t.Errorf("request %d: %+v", i, v)
		}
	}
}

func TestNoLimit(t *testing.T) {
	l := ratelimit.New(0, 3)
	for range 10 {
		if v := l.Take(1); v != (ratelimit.Verdict{Allowed: true, Limit: ratelimit.Unlimited, Remaining: ratelimit.Unlimited, Reset: time.Hour}) {
			t.Errorf("%+v", v)
		}
	}
}
