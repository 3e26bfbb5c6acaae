// Package ratelimit counts what each token asks, over an hour that slides and
// over a minute.
package ratelimit

import (
	"sync"
	"time"
)

// Limiter bounds requests by token.
type Limiter struct {
	hour, minute int
	now          func() time.Time

	mu     sync.Mutex
	tokens map[int64][]time.Time // the counted requests of the last hour, in order
}

// Unlimited is what a limiter without bounds tells: clients print it.
const Unlimited = 1_000_000

// New returns a limiter of so many requests an hour and a minute; 0 is no
// bound.
func New(hour, minute int, now func() time.Time) *Limiter {
	return &Limiter{hour: hour, minute: minute, now: now, tokens: map[int64][]time.Time{}}
}

// Verdict is what became of one request.
type Verdict struct {
	Allowed    bool
	Limit      int           // requests an hour
	Remaining  int           // 0 also while the minute's bound holds
	Reset      time.Time     // when the oldest counted request is an hour old
	RetryAfter time.Duration // until the next request may be allowed; 0 if allowed
}

// Take counts a request of that token, unless it is one too many.
func (l *Limiter) Take(token int64) Verdict {
	now := l.now()
	if l.hour == 0 {
		return Verdict{Allowed: true, Limit: Unlimited, Remaining: Unlimited, Reset: now.Add(time.Hour)}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	counted := since(l.tokens[token], now.Add(-time.Hour))
	v := Verdict{Allowed: true, Limit: l.hour, Reset: now.Add(time.Hour)}
	if n := len(counted) - l.hour; n >= 0 {
		v.Allowed, v.RetryAfter = false, counted[n].Add(time.Hour).Sub(now)
	} else if n := len(counted) - l.minute; l.minute > 0 && n >= 0 && counted[n].After(now.Add(-time.Minute)) {
		v.Allowed, v.RetryAfter = false, counted[n].Add(time.Minute).Sub(now)
	}
	if v.Allowed {
		counted = append(counted, now)
		v.Remaining = l.hour - len(counted)
	}
	if len(counted) > 0 {
		v.Reset = counted[0].Add(time.Hour)
	}
	l.tokens[token] = counted
	return v
}

// since drops the times that are not after t.
func since(times []time.Time, t time.Time) []time.Time {
	for len(times) > 0 && !times[0].After(t) {
		times = times[1:]
	}
	return times
}
