package api

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/front/idempotency"
)

// Bounds of the answers that are stored for torn POSTs. Clients repeat a request
// within seconds of a broken connection.
const (
	tornKept  = time.Minute
	tornMost  = 1000     // answers
	tornBytes = 16 << 20 // of their bodies
)

// tornWait is how long the repetition of a POST waits for the delivery of that
// POST's answer, before the answer counts as not received.
const tornWait = 2 * time.Second

// torn stores the answers of torn POSTs. A POST is torn if its client disconnected
// without receiving the answer. Clients without idempotency keys send such a POST
// again, and carrying it out again would create, say, a second droplet that nobody
// wants. So the first equal POST gets the stored answer. A POST whose client is
// still connected is never torn: two equal ones create two droplets.
type torn struct {
	mu    sync.Mutex
	posts []*post // under way, or torn, or possibly torn
}

// post is one POST without an idempotency key.
type post struct {
	hash   idempotency.Hash
	ctx    context.Context // ends when the client disconnects
	conn   *connInfo       // nil if the connection is not known
	done   chan struct{}   // closed when result is set
	result *answer         // nil if the POST changed nothing
	sent   chan struct{}   // closed when the answer has been sent, or sending has failed

	earlier  *post // an equal POST whose client has disconnected; nil if there is none
	reversed bool  // earlier is the repetition, and this is the torn POST: they arrived in the wrong order

	delivery   delivery // of the answer
	ended      bool     // sent is closed, and the answer stays stored
	clientGone bool     // the client disconnected before the answer was sent
	objects    []string // paths of what it created or changed; none if that is not known
	until      time.Time
}

// begin adds a POST. ctx ends when its client disconnects; conn is its connection,
// nil if that is not known. If an equal POST is torn, the new one gets its answer.
func (t *torn) begin(ctx context.Context, hash idempotency.Hash, conn *connInfo) *post {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := &post{hash: hash, ctx: ctx, conn: conn, done: make(chan struct{}), sent: make(chan struct{})}
	now := time.Now()
	t.posts = slices.DeleteFunc(t.posts, func(old *post) bool { return old.ended && now.After(old.until) })
	same := func(old *post) bool { return old.hash == hash }
	torn := func(old *post) bool { return same(old) && old.isTorn() }
	if i := slices.IndexFunc(t.posts, torn); i >= 0 {
		p.earlier = t.posts[i]
		t.posts = slices.Delete(t.posts, i, i+1)
	} else if i := slices.IndexFunc(t.posts, same); i >= 0 && p.conn != nil && p.conn.clientGone() {
		p.earlier, p.reversed = t.posts[i], true
	}
	t.posts = slices.DeleteFunc(t.posts, func(old *post) bool { return old.ended && !old.clientGone && old.delivery.isReceived() })
	t.posts = append(t.posts, p)
	return p
}

// isTorn reports whether the POST is torn, or may be.
func (p *post) isTorn() bool {
	if p.ended {
		fate := p.fate()
		return fate == lost || fate == inTransit
	}
	return p.ctx.Err() != nil || p.conn != nil && p.conn.clientGone()
}

// fate returns what has become of the answer of a POST that has ended.
func (p *post) fate() fate {
	if p.clientGone {
		return lost
	}
	return p.delivery.fate()
}

// answer returns the answer of the earlier POST, if that changed anything and its
// client has not received it, else that of do. It waits for the earlier POST even
// if its own client disconnects: the next equal POST must find the answer.
func (p *post) answer(do func() (*answer, error)) (*answer, error) {
	defer close(p.done)
	if earlier := p.earlier; earlier != nil {
		p.earlier = nil
		<-earlier.done
		switch {
		case earlier.result == nil:
		case p.reversed: // the other's client receives the answer; nobody receives this one
			return replayed(earlier.result), nil
		case !earlier.awaitDelivery():
			p.result = replayed(earlier.result)
			return p.result, nil
		}
	}
	a, err := do()
	p.result = a
	return a, err
}

// awaitDelivery waits, up to tornWait, while the POST's answer is in transit. It
// reports whether the client has the answer: a client may also have disconnected
// because it has it.
func (p *post) awaitDelivery() bool {
	<-p.sent
	for end := time.Now().Add(tornWait); p.fate() == inTransit && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond) // the kernel has no event for an acknowledgment
	}
	fate := p.fate()
	return fate == acknowledged || fate == received
}

// send sends the POST's answer by calling write.
func (p *post) send(write func() error) {
	p.clientGone = p.ctx.Err() != nil || p.conn != nil && p.conn.clientGone()
	if p.conn != nil {
		p.delivery = p.conn.begin()
	}
	err := write()
	if p.conn == nil {
		p.clientGone = p.clientGone || p.ctx.Err() != nil
		return
	}
	p.delivery.done()
	p.clientGone = p.clientGone || err != nil
}

// end is called when the POST's answer has been sent. If the POST changed nothing,
// or its client is known to have been connected, end removes the POST. Otherwise
// the answer stays stored, as one about the objects at those paths.
func (t *torn) end(p *post, objects ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer close(p.sent)
	if p.result != nil && (p.clientGone || p.conn != nil) {
		p.ended, p.objects, p.until = true, objects, time.Now().Add(tornKept)
		t.bound()
		return
	}
	t.posts = slices.DeleteFunc(t.posts, func(other *post) bool { return other == p })
}

// changed removes the answers about an object after another request to path has
// changed it: a client that repeats a POST after that wants it carried out again.
func (t *torn) changed(path string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	of := func(object string) bool { return path == object || strings.HasPrefix(path, object+"/") }
	t.posts = slices.DeleteFunc(t.posts, func(p *post) bool { return p.ended && slices.ContainsFunc(p.objects, of) })
}

// bound removes the oldest stored answers while they are too many or too large.
func (t *torn) bound() {
	kept, size := 0, 0
	for i := len(t.posts) - 1; i >= 0; i-- {
		if !t.posts[i].ended {
			continue
		}
		kept, size = kept+1, size+len(t.posts[i].result.body)
		if kept > tornMost || size > tornBytes {
			t.posts = slices.Delete(t.posts, i, i+1)
		}
	}
}
