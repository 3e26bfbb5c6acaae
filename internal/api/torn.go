package api

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/idempotency"
)

// How long, and how many, answers are kept whose clients had gone before they
// could be sent. Clients that ask again after a broken connection do so within
// seconds.
const (
	tornKept  = time.Minute
	tornMost  = 1000
	tornBytes = 16 << 20 // of their bodies
)

// torn keeps the answers of POSTs whose connections broke before they were
// sent. Clients without idempotency keys send such a request again, and would
// get a second droplet that nobody wanted. The first to ask for the same gets
// the answer that was not heard. Requests whose clients are still there are
// never taken for each other: two equal ones make two droplets.
type torn struct {
	mu      sync.Mutex
	flights []*flight
}

// flight is one request under way, or one whose answer nobody heard.
type flight struct {
	hash   idempotency.Hash
	ctx    context.Context // ends when its client goes
	before *flight         // the same request, whose client has gone
	done   chan struct{}   // closed when result is there
	result *answer         // nil if it changed nothing

	gone   bool   // its client went before the answer was sent
	object string // path of what it made or changed; empty if that can't be told
	until  time.Time // by the monotonic clock
}

// board registers a request. If the same was made before by a client that has
// gone, it takes over that one's answer.
func (t *torn) board(ctx context.Context, hash idempotency.Hash) *flight {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := &flight{hash: hash, ctx: ctx, done: make(chan struct{})}
	now := time.Now()
	t.flights = slices.DeleteFunc(t.flights, func(old *flight) bool { return old.gone && now.After(old.until) })
	i := slices.IndexFunc(t.flights, func(old *flight) bool {
		return old.hash == hash && (old.gone || old.ctx.Err() != nil)
	})
	if i >= 0 {
		f.before = t.flights[i]
		t.flights = slices.Delete(t.flights, i, i+1)
	}
	t.flights = append(t.flights, f)
	return f
}

// answer returns the answer of the flight before, if that changed anything,
// else that of do. It waits for the flight before also when its own client
// goes: the next one to ask must find that answer.
func (f *flight) answer(do func() (*answer, error)) (*answer, error) {
	defer close(f.done)
	if f.before != nil {
		<-f.before.done
		if result := f.before.result; result != nil {
			f.before, f.result = nil, replayed(result)
			return f.result, nil
		}
	}
	a, err := do()
	f.result = a
	return a, err
}

// leave is called when the flight's answer has been written. It is forgotten,
// unless its client has gone: then it is kept as what was done to the object
// at that path.
func (t *torn) leave(f *flight, object string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.gone = f.ctx.Err() != nil && f.result != nil; f.gone {
		f.object, f.until = object, time.Now().Add(tornKept)
		t.bound()
		return
	}
	t.flights = slices.DeleteFunc(t.flights, func(other *flight) bool { return other == f })
}

// changed forgets the answers about an object that a request to path has
// changed since: whoever asks for the same now wants it done anew.
func (t *torn) changed(path string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flights = slices.DeleteFunc(t.flights, func(f *flight) bool {
		return f.gone && (path == f.object || strings.HasPrefix(path, f.object+"/"))
	})
}

// bound forgets the oldest answers that are kept, if they are too many or too
// large.
func (t *torn) bound() {
	kept, size := 0, 0
	for i := len(t.flights) - 1; i >= 0; i-- {
		if !t.flights[i].gone {
			continue
		}
		kept, size = kept+1, size+len(t.flights[i].result.body)
		if kept > tornMost || size > tornBytes {
			t.flights = slices.Delete(t.flights, i, i+1)
		}
	}
}
