package diskimage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// stallLimit is how long a server may send nothing.
const stallLimit = time.Minute

// errStalled is the error of a request whose server has stopped sending.
var errStalled = fmt.Errorf("the server has sent nothing for %v", stallLimit)

// doUnlessStalled is client.Do, but cancels the request when the server has sent
// nothing for stallLimit, neither the head nor any of the body.
func doUnlessStalled(client *http.Client, request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(request.Context())
	timer := time.AfterFunc(stallLimit, func() { cancel(errStalled) })
	response, err := client.Do(request.WithContext(ctx))
	timer.Stop()
	if err != nil {
		defer cancel(nil)
		return nil, stalled(ctx, err)
	}
	response.Body = &watchedBody{body: response.Body, ctx: ctx, cancel: cancel, timer: timer}
	return response, nil
}

// stalled returns errStalled if a stall has ended ctx, else err.
func stalled(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errStalled) {
		return cause
	}
	return err
}

// watchedBody runs timer only while it waits for the server, because the reader may
// be slow.
type watchedBody struct {
	body   io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

func (b *watchedBody) Read(p []byte) (int, error) {
	b.timer.Reset(stallLimit)
	n, err := b.body.Read(p)
	b.timer.Stop()
	if err != nil && !errors.Is(err, io.EOF) {
		err = stalled(b.ctx, err)
	}
	return n, err
}

func (b *watchedBody) Close() error {
	defer b.cancel(nil)
	return b.body.Close()
}
