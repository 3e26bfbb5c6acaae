package api

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/front/idempotency"
)

// How long, and how many, answers are kept whose clients had gone before they
// could be sent. Clients that ask again after a broken connection do so within
// seconds.
const (
	tornKept  = time.Minute
	tornMost  = 1000
	tornBytes = 16 << 20 // of their bodies
)

// tornWait is how long an answer may be under way to a client while another
// asks for the same, before it counts as one that nobody hears.
const tornWait = 2 * time.Second

// torn keeps the answers of POSTs whose connections broke before they were
// heard. Clients without idempotency keys send such a request again, and would
// get a second droplet that nobody wanted. The first to ask for the same gets
// the answer that was not heard. Requests whose clients are still there are
// never taken for each other: two equal ones make two droplets.
type torn struct {
	mu      sync.Mutex
	flights []*flight
}

// flight is one request under way, or one whose answer may not have been heard.
type flight struct {
	hash   idempotency.Hash
	ctx    context.Context // ends when its client goes
	line   *line           // of its client; nil if it can't be looked at
	done   chan struct{}   // closed when result is there
	result *answer         // nil if it changed nothing
	over   chan struct{}   // closed when its answer has been sent, or could not be

	before    *flight // the same request, whose client has gone
	overtaken bool    // or it was sent again by this one's, who has gone, and came first

	sent    answered // its answer, on the line
	landed  bool     // its answer was sent, or could not be
	gone    bool     // its client went before that
	objects []string // paths of what it made or changed; none if that can't be told
	until   time.Time
}

// board registers a request, whose context ends when its client goes; line is
// that of the client, if it can be looked at. If the same was made before by a
// client that has gone, it takes over that one's answer.
func (t *torn) board(ctx context.Context, hash idempotency.Hash, line *line) *flight {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := &flight{hash: hash, ctx: ctx, line: line, done: make(chan struct{}), over: make(chan struct{})}
	now := time.Now()
	t.flights = slices.DeleteFunc(t.flights, func(old *flight) bool { return old.landed && now.After(old.until) })
	same := func(old *flight) bool { return old.hash == hash }
	torn := func(old *flight) bool { return same(old) && old.isTorn() }
	if i := slices.IndexFunc(t.flights, torn); i >= 0 {
		f.before = t.flights[i]
		t.flights = slices.Delete(t.flights, i, i+1)
	} else if i := slices.IndexFunc(t.flights, same); i >= 0 && f.line != nil && f.line.left() {
		f.before, f.overtaken = t.flights[i], true
	}
	t.flights = slices.DeleteFunc(t.flights, func(old *flight) bool { return old.landed && !old.gone && old.sent.isHeard() })
	t.flights = append(t.flights, f)
	return f
}

// isTorn reports whether the flight's client has gone, or may have.
func (f *flight) isTorn() bool {
	if f.landed {
		fate := f.fate()
		return fate == lost || fate == underWay
	}
	return f.ctx.Err() != nil || f.line != nil && f.line.left()
}

// fate tells what has become of the answer of a flight that has landed.
func (f *flight) fate() fate {
	if f.gone {
		return lost
	}
	return f.sent.fate()
}

// answer returns the answer of the flight before, if that changed anything and
// its client has not heard it, else that of do. It waits for the flight before
// also when its own client goes: the next one to ask must find that answer.
func (f *flight) answer(do func() (*answer, error)) (*answer, error) {
	defer close(f.done)
	if before := f.before; before != nil {
		f.before = nil
		<-before.done
		switch {
		case before.result == nil:
		case f.overtaken: // that one's client hears; this one's answer is for nobody
			return replayed(before.result), nil
		case !before.comesThrough():
			f.result = replayed(before.result)
			return f.result, nil
		}
	}
	a, err := do()
	f.result = a
	return a, err
}

// comesThrough waits until the flight's answer is no longer under way, and
// reports whether its client has it. A client that has gone may have gone
// because it has.
func (f *flight) comesThrough() bool {
	<-f.over
	for end := time.Now().Add(tornWait); f.fate() == underWay && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond) // the kernel tells nobody of what is acknowledged
	}
	fate := f.fate()
	return fate == reached || fate == heard
}

// send writes the flight's answer, by write.
func (f *flight) send(write func() error) {
	f.gone = f.ctx.Err() != nil || f.line != nil && f.line.left()
	if f.line != nil {
		f.sent = f.line.begin()
	}
	err := write()
	if f.line == nil {
		f.gone = f.gone || f.ctx.Err() != nil
		return
	}
	f.sent.done()
	f.gone = f.gone || err != nil
}

// leave is called when the flight's answer has been sent. It is forgotten when
// that was heard; until then it is kept as what was done to the objects at those
// paths.
func (t *torn) leave(f *flight, objects ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer close(f.over)
	if f.result != nil && (f.gone || f.line != nil) {
		f.landed, f.objects, f.until = true, objects, time.Now().Add(tornKept)
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
	of := func(object string) bool { return path == object || strings.HasPrefix(path, object+"/") }
	t.flights = slices.DeleteFunc(t.flights, func(f *flight) bool { return f.landed && slices.ContainsFunc(f.objects, of) })
}

// bound forgets the oldest answers that are kept, if they are too many or too
// large.
func (t *torn) bound() {
	kept, size := 0, 0
	for i := len(t.flights) - 1; i >= 0; i-- {
		if !t.flights[i].landed {
			continue
		}
		kept, size = kept+1, size+len(t.flights[i].result.body)
		if kept > tornMost || size > tornBytes {
			t.flights = slices.Delete(t.flights, i, i+1)
		}
	}
}
