// Package resource is the contract between the front door and the rooms, the
// packages that own resources. A room has a part of the schema and a handler for
// each link in it. Of HTTP it knows only statuses.
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

// Resource is the part of a room that the front door needs.
type Resource struct {
	Name     string             // its key among the schema's definitions
	Schema   []byte             // its definition, a JSON hyper-schema
	Handlers map[string]Handler // by "METHOD /path/{name}", one for each link

	// ShowsHost says that the answers show what the engine's host can run: sizes and
	// features of regions. The server finds that out before a handler is called.
	ShowsHost bool

	// Filters are the parameters that its list can be narrowed by. The schema
	// declares the same ones; the server does not start otherwise.
	Filters []string
}

// Handler answers one link. The front door answers its error by the kind (package httperr).
type Handler func(ctx context.Context, r *Request) (*Response, error)

// Request is a request that has been authenticated, decoded and validated.
type Request struct {
	AccountID int64
	Path      map[string]string // identities in the path, by resource name
	Params    map[string]any    // body and query, coerced to the schema's types
	List      list.Query        // which slice of a list is asked for, and how it is narrowed
	Base      string            // URL of /v2 as the client reaches it
	Wait      time.Duration     // how long the client prefers to wait for an action's end

	// Allows reports whether the request's token has the scope. The front door
	// sets it.
	Allows func(scope string) bool

	// Keyed is true if the request has an idempotency key, with which its answer is
	// stored. The front door sets it.
	Keyed bool

	// BeforeCommit encodes the response while the transaction that made it can still
	// be rolled back. The front door sets it.
	BeforeCommit func(ctx context.Context, tx *store.Tx, response *Response) error

	committed bool
	dry       bool
}

// Write answers a request that changes something. fn makes the change and the
// response, and Write encodes the response, all in one transaction. So nothing can
// fail after the commit: a client never gets an error for a change that was made.
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

// DryRun answers a request that only asks what a change would do. fn makes the
// response from q, a snapshot of the database, so no transaction that writes waits.
// DryRun writes only if the request has an idempotency key, to store the response
// with it.
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

// Dry reports whether DryRun has answered without writing.
func (r *Request) Dry() bool { return r.dry }

// Committed reports whether Write has committed.
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

// ID returns the numeric identity in the path, or apierr.NotFound if it is not a
// number.
func (r *Request) ID(name string) (int64, error) {
	id, ok := ParseID(r.Path[name])
	if !ok {
		return 0, apierr.NotFound()
	}
	return id, nil
}

// ParseID parses a numeric identity, which has digits only.
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
		// The parameters match the schema, so schema and struct do not match.
		return fmt.Errorf("parameters do not fit %T: %w", v, err)
	}
	return nil
}
