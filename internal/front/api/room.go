package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"
)

// What the bodies of requests that are read or handled may take of memory
// (docs/decisions/075). A body costs up to some forty times its bytes while it is
// handled, mostly far less.
const (
	roomForBodies = 16 << 20 // bytes of all bodies, but for the first of each
	freeOfBody    = 16 << 10 // bytes of each body that take no room
	roomStep      = 64 << 10 // bytes by which a body takes room
	roomWait      = 2 * time.Second
)

// errNoRoom ends the reading of a body that no room is left for.
var errNoRoom = errors.New("there is no room for the body")

// roomed bounds the memory of bodies: each takes room as its bytes come, so
// that who sends none takes none, until its request is answered.
func roomed(room *semaphore.Weighted, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		body := &roomedBody{ReadCloser: r.Body, ctx: r.Context(), room: room, held: freeOfBody}
		defer func() { room.Release(body.held - freeOfBody) }()
		r.Body = body
		next.ServeHTTP(w, r)
	})
}

// roomedBody is a body that takes room while it is read.
type roomedBody struct {
	io.ReadCloser
	ctx  context.Context
	room *semaphore.Weighted
	read int64 // bytes so far
	held int64 // bytes that may be read
}

// Read reads no more than there is room for. It waits for that a little.
func (b *roomedBody) Read(p []byte) (int, error) {
	if b.read == b.held {
		waiting, cancel := context.WithTimeout(b.ctx, roomWait)
		defer cancel()
		if b.room.Acquire(waiting, roomStep) != nil {
			return 0, errNoRoom
		}
		b.held += roomStep
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.held-b.read)])
	b.read += int64(n)
	return n, err
}
