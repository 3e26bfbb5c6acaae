package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/front/idempotency"
	"github.com/rockpool-cloud/rockpool/internal/front/schema"
	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/identity/oauth"
)

// call is one request of a link.
type call struct {
	*server
	link    *schema.Link
	handler resource.Handler
	http    *http.Request
	token   oauth.Token
	request *resource.Request
	mode    listMode
	draft   bool             // the answer is in the form of the API's early draft
	key     string           // its idempotency key; empty without one
	hashed  idempotency.Hash // set if there is a key

	answer *answer // encoded before the commit
}

// operation returns the handler of one link.
func (s *server) operation(link *schema.Link, handler resource.Handler) authorized {
	return func(w http.ResponseWriter, r *http.Request, token oauth.Token) error {
		params, err := s.params(w, r, link)
		if err != nil {
			return err
		}
		key, err := idempotencyKey(r)
		if err != nil {
			return err
		}
		path, err := pathValues(r)
		if err != nil {
			return err
		}
		c := &call{server: s, link: link, handler: handler, http: r, token: token, key: key, draft: wantsDraft(r)}
		c.request = &resource.Request{
			AccountID: token.AccountID, Path: path, Params: params,
			Base: Origin(r) + "/v2", Wait: wait(r), Keyed: key != "", BeforeCommit: c.beforeCommit,
			Allows: func(scope string) bool { return token.Allows(scope) },
		}
		c.request.List, c.mode = listQuery(r)
		c.request.List.Filter = params
		return c.once(w)
	}
}

// beforeCommit encodes the answer and stores it with the idempotency key. Both can
// fail, and the transaction can still be rolled back.
func (c *call) beforeCommit(ctx context.Context, tx *store.Tx, response *resource.Response) (err error) {
	if c.answer, err = c.render(response); err != nil || c.key == "" {
		return err
	}
	return c.remember(ctx, tx)
}

// checkSpace rejects a request to create a resource while there is too little
// disk space. It allows actions on resources that exist: one of them may be what
// frees disk space.
func (c *call) checkSpace() error {
	if c.DiskSpace == nil || c.link.Rel != "create" || strings.HasSuffix(c.link.Path, "/actions") {
		return nil
	}
	return c.DiskSpace()
}

// do calls the handler and returns its answer. After a commit it returns no error.
func (c *call) do(ctx context.Context) (*answer, error) {
	if err := c.checkSpace(); err != nil {
		return nil, err
	}
	response, err := c.handle(ctx)
	if c.request.Committed() {
		c.torn.changed(c.path())
		if crash := fault.At(ctx, "api.answer"); errors.Is(crash, fault.ErrCrash) {
			panic(http.ErrAbortHandler)
		}
		if err != nil {
			c.Log.Error("after the commit", "request_id", requestID(c.http), "error", err)
			return c.answer, nil
		}
		return c.final(ctx, response), nil
	}
	if err != nil {
		return nil, err
	}
	if c.link.Method != http.MethodGet && !c.request.Dry() {
		return nil, fmt.Errorf("%s answers without a transaction", c.link.Route())
	}
	a, err := c.render(response)
	if err == nil && response.Waits && c.request.Wait > 0 {
		c.preferenceApplied(a)
	}
	return a, err
}

// handle calls the handler. It returns a panic as an error.
func (c *call) handle(ctx context.Context) (response *resource.Response, err error) {
	defer c.recovered(&err)
	return c.handler(ctx, c.request)
}

// recovered, when deferred, turns a panic into an error.
func (c *call) recovered(err *error) {
	if p := recover(); p != nil {
		c.Log.Error("panic", "request_id", requestID(c.http), "panic", p, "stack", string(debug.Stack()))
		*err = fmt.Errorf("panic: %v", p)
	}
}

// final returns the answer to a client that prefers to wait for the end of the
// actions that it began: the response as it is then. If they do not end in time,
// or that response can't be encoded, it returns the answer made before the commit.
func (c *call) final(ctx context.Context, response *resource.Response) *answer {
	if c.request.Wait == 0 || response.Final == nil {
		return c.answer
	}
	waiting, cancel := context.WithTimeout(ctx, c.request.Wait)
	defer cancel()
	a, err := c.renderFinal(waiting, response)
	if err != nil {
		a = &answer{status: c.answer.status, header: c.answer.header.Clone(), body: c.answer.body, made: c.answer.made}
	}
	c.preferenceApplied(a)
	return a
}

func (c *call) renderFinal(ctx context.Context, response *resource.Response) (a *answer, err error) {
	defer c.recovered(&err)
	final, err := response.Final(ctx)
	if err != nil {
		return nil, err
	}
	return c.render(final)
}

// preferenceApplied sets the header that says that the server waited as the client
// preferred.
func (c *call) preferenceApplied(a *answer) {
	a.set("Preference-Applied", fmt.Sprintf("wait=%.0f", c.request.Wait.Seconds()))
}
