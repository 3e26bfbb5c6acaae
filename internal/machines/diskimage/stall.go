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

// errStalled is the error of a request whose server fell silent.
var errStalled = fmt.Errorf("the server has sent nothing for %v", stallLimit)

// doUnlessStalled is client.Do with an end to the request when the server has
// sent nothing for stallLimit, neither the head nor any of the body.
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

// stalled returns errStalled if that is why ctx has ended, else err.
func stalled(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errStalled) {
		return cause
	}
	return err
}

// watchedBody lets timer run while it waits for the server, and only then: the
// reader may take its time.
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
