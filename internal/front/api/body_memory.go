package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"
)

// The memory for request bodies (docs/decisions/075). A request allocates memory
// for its body while it reads the body, and releases it when it is answered. A
// body costs up to some forty times its bytes while it is handled, mostly far
// less.
const (
	bodyMemory     = 16 << 20 // bytes that all bodies may allocate together
	bodyMemoryStep = 64 << 10 // bytes that a body allocates at a time
	bodyMemoryFree = 16 << 10 // the first bytes of each body, which are not counted
	bodyMemoryWait = 2 * time.Second
)

// errNoMemory ends the reading of a body when other bodies have all the memory.
var errNoMemory = errors.New("there is no memory for the body")

// limitBodyMemory bounds the memory of all bodies. A body allocates memory only
// for bytes that have arrived: a client that announces a large body and sends
// nothing allocates none.
func limitBodyMemory(memory *semaphore.Weighted, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		body := &limitedBody{ReadCloser: r.Body, ctx: r.Context(), memory: memory, allocated: bodyMemoryFree}
		defer func() { memory.Release(body.allocated - bodyMemoryFree) }()
		r.Body = body
		next.ServeHTTP(w, r)
	})
}

// limitedBody is a body that allocates memory while it is read.
type limitedBody struct {
	io.ReadCloser
	ctx       context.Context
	memory    *semaphore.Weighted
	read      int64 // bytes so far
	allocated int64 // bytes that may be read
}

// Read reads at most as many bytes as are allocated. If all of them have been
// read, it allocates more first, and waits up to bodyMemoryWait for that.
func (b *limitedBody) Read(p []byte) (int, error) {
	if b.read == b.allocated {
		waiting, cancel := context.WithTimeout(b.ctx, bodyMemoryWait)
		defer cancel()
		if b.memory.Acquire(waiting, bodyMemoryStep) != nil {
			return 0, errNoMemory
		}
		b.allocated += bodyMemoryStep
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.allocated-b.read)])
	b.read += int64(n)
	return n, err
}
