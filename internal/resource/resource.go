// Package resource is the contract between the front door and the rooms behind
// it: a room brings its part of the schema and a handler for each link in it,
// and knows nothing of HTTP beyond statuses.
package resource

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/rockpool-cloud/rockpool/internal/apierr"
	"github.com/rockpool-cloud/rockpool/internal/list"
)

// Resource is one room as the front door sees it.
type Resource struct {
	Name     string             // its key among the schema's definitions
	Schema   []byte             // its definition, a JSON hyper-schema
	Handlers map[string]Handler // by "METHOD /path/{name}", one for each link
}

// Handler answers one link. Its error becomes an answer by package apierr.
type Handler func(ctx context.Context, r *Request) (*Response, error)

// Request is a request that has been authenticated, decoded and validated.
type Request struct {
	AccountID int64
	Path      map[string]string // the link's identities, by resource name
	Params    map[string]any    // body and query, coerced to the schema's types
	List      list.Query        // which slice of a list is asked for
	Base      string            // URL of /v2 as the client reaches it
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

// Response is a successful answer, before it has a form on the wire.
type Response struct {
	Status   int
	Key      string // under which Value stands in the body; no body if empty
	Value    any
	Links    any        // the body's "links"; of a list they are made by the front door
	Location string     // path of what was created, below /v2
	List     *list.Info // of a list, what was found
}

// One is an answer with one object.
func One(status int, key string, value any) *Response {
	return &Response{Status: status, Key: key, Value: value}
}

// Many is an answer with a slice of a list, each item as view shows it.
func Many[T, V any](key string, found list.Slice[T], view func(T) V) *Response {
	views := make([]V, len(found.Items))
	for i, item := range found.Items {
		views[i] = view(item)
	}
	return &Response{Status: http.StatusOK, Key: key, Value: views, List: &found.Info}
}

// None is an answer without a body.
func None() *Response { return &Response{Status: http.StatusNoContent} }
