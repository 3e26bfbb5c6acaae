// Package ratelimit limits the requests of each token, in a sliding hour and in a
// sliding minute.
package ratelimit

import (
	"sync"
	"time"
)

// Limiter limits the requests of each token. It uses the monotonic clock.
type Limiter struct {
	hour, minute int
	began        time.Time // by the monotonic clock

	mu     sync.Mutex
	tokens map[int64][]time.Duration // when the requests of the last hour were counted, since began, in order
}

// Unlimited is the limit that a limiter without limits reports, because clients print
// a number.
const Unlimited = 1_000_000

// New returns a limiter of that many requests an hour and a minute; 0 is no limit.
func New(hour, minute int) *Limiter {
	return &Limiter{hour: hour, minute: minute, began: time.Now(), tokens: map[int64][]time.Duration{}}
}

// Verdict is the result of Take for one request.
type Verdict struct {
	Allowed    bool
	Limit      int           // requests an hour
	Remaining  int           // also 0 if the limit of a minute is reached
	Reset      time.Duration // until the oldest counted request is an hour old
	RetryAfter time.Duration // until the next request may be allowed; 0 if allowed
}

// Take counts a request of that token, if it is allowed.
func (l *Limiter) Take(token int64) Verdict {
	if l.hour == 0 {
		return Verdict{Allowed: true, Limit: Unlimited, Remaining: Unlimited, Reset: time.Hour}
	}
	now := time.Since(l.began)
	l.mu.Lock()
	defer l.mu.Unlock()
	counted := since(l.tokens[token], now-time.Hour)
	v := Verdict{Allowed: true, Limit: l.hour, Reset: time.Hour}
	if n := len(counted) - l.hour; n >= 0 {
		v.Allowed, v.RetryAfter = false, counted[n]+time.Hour-now
	} else if n := len(counted) - l.minute; l.minute > 0 && n >= 0 && counted[n] > now-time.Minute {
		v.Allowed, v.RetryAfter = false, counted[n]+time.Minute-now
	}
	if v.Allowed {
		counted = append(counted, now)
		v.Remaining = l.hour - len(counted)
	}
	if len(counted) > 0 {
		v.Reset = counted[0] + time.Hour - now
	}
	l.tokens[token] = counted
	return v
}

// since drops the times that are not after t.
func since(times []time.Duration, t time.Duration) []time.Duration {
	for len(times) > 0 && times[0] <= t {
		times = times[1:]
	}
	return times
}
