// Package resource is the contract between the front door and the rooms behind
// it: a room brings its part of the schema and a handler for each link in it,
// and knows nothing of HTTP beyond statuses.
package resource

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Resource is one room as the front door sees it.
type Resource struct {
	Name     string             // its key among the schema's definitions
	Schema   []byte             // its definition, a JSON hyper-schema
	Handlers map[string]Handler // by "METHOD /path/{name}", one for each link

	// Filters are the parameters that its list can be narrowed by. The schema
	// declares the same ones; the server does not start otherwise.
	Filters []string
}

// Handler answers one link. The front door answers its error by the kind (package httperr).
type Handler func(ctx context.Context, r *Request) (*Response, error)

// Request is a request that has been authenticated, decoded and validated.
type Request struct {
	AccountID int64
	Path      map[string]string // the link's identities, by resource name
	Params    map[string]any    // body and query, coerced to the schema's types
	List      list.Query        // which slice of a list is asked for, and how it is narrowed
	Base      string            // URL of /v2 as the client reaches it
	Wait      time.Duration     // how long the client would wait for the end of an action

	// Allows reports whether the request's token has the scope. The front door
	// sets it.
	Allows func(scope string) bool

	// Keyed says that it has an idempotency key: its answer is remembered. The
	// front door sets it.
	Keyed bool

	// BeforeCommit gives an answer its form on the wire while the transaction
	// that made it can still fail. The front door sets it.
	BeforeCommit func(ctx context.Context, tx *store.Tx, response *Response) error

	committed bool
	dry       bool
}

// Write answers a link that changes something. fn changes it and makes the
// answer; both happen in one transaction, or neither. So nothing is left that
// could fail after the commit: a client is never told of an error when what it
// wanted has happened.
func (r *Request) Write(ctx context.Context, db *store.DB, fn func(tx *store.Tx) (*Response, error)) (*Response, error) {
	var response *Response
	err := db.Write(ctx, func(tx *store.Tx) (err error) {
		tx.OnCommit(func() { r.committed = true })
		if response, err = fn(tx); err != nil {
			return err
		}
		return r.BeforeCommit(ctx, tx, response)
	})
	return response, err
}

// DryRun answers a link that changes nothing this once, but tells what it would
// change. fn makes the answer of what it reads through q, which is the database
// as it is at one time; nobody has to wait for it. Only to have the answer
// remembered by the request's key, a transaction is needed.
func (r *Request) DryRun(ctx context.Context, db *store.DB, fn func(q store.Querier) (*Response, error)) (*Response, error) {
	var response *Response
	err := db.Snapshot(ctx, func(q store.Querier) (err error) {
		response, err = fn(q)
		return err
	})
	if err != nil {
		return nil, err
	}
	if r.Keyed {
		return r.Write(ctx, db, func(*store.Tx) (*Response, error) { return response, nil })
	}
	r.dry = true
	return response, nil
}

// Dry reports whether DryRun has answered, and nothing had to be written.
func (r *Request) Dry() bool { return r.dry }

// Committed reports whether Write has made its changes for good.
func (r *Request) Committed() bool { return r.committed }

// Needs returns apierr.Forbidden unless the request's token has all those scopes.
func (r *Request) Needs(scopes ...string) error {
	for _, scope := range scopes {
		if !r.Allows(scope) {
			return apierr.Forbidden(scope)
		}
	}
	return nil
}

// URL is the absolute URL of a path below /v2.
func (r *Request) URL(path string) string { return r.Base + path }

// ID returns the numeric identity in the path. What is not a number names
// nothing: apierr.NotFound.
func (r *Request) ID(name string) (int64, error) {
	id, ok := ParseID(r.Path[name])
	if !ok {
		return 0, apierr.NotFound()
	}
	return id, nil
}

// ParseID reads a numeric identity: digits and nothing else.
func ParseID(text string) (id int64, ok bool) {
	n, err := strconv.ParseUint(text, 10, 63)
	return int64(n), err == nil && n > 0
}

// Bind fills the struct at v with the parameters, by its json tags.
func (r *Request) Bind(v any) error {
	text, err := json.Marshal(r.Params)
	if err != nil {
		return fmt.Errorf("encode parameters: %w", err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		// The schema has let it through, so schema and struct disagree.
		return fmt.Errorf("parameters do not fit %T: %w", v, err)
	}
	return nil
}
