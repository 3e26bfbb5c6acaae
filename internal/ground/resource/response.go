package resource

import (
	"context"
	"net/http"

	"github.com/rockpool-cloud/rockpool/internal/ground/list"
)

// Response is a successful answer before it is encoded.
type Response struct {
	Status   int
	Key      string // of Value in the body; empty for no body
	Value    any
	Links    any        // the body's "links"; the front door makes those of a list
	Location string     // path of what was created, below /v2
	Made     []string   // the paths if several were created; then Location is empty
	List     *list.Info // set if the response is a list

	// DraftStatus is the status in the form of the API's early draft; 0 for Status.
	DraftStatus int

	// Waits is true if the handler itself waits as long as the client prefers.
	Waits bool

	// Final returns the response as it is when the actions that the request began
	// have ended, or an error if ctx ends before. It is nil if none began.
	Final func(ctx context.Context) (*Response, error)

	draft func() any
}

// Drafter is a value that has another form in the API's early draft, a version from
// before its release (contract, section 6).
type Drafter interface{ Draft() any }

// Draft returns the value in the form of the early draft.
func (r *Response) Draft() any {
	if r.draft == nil {
		return drafted(r.Value)
	}
	return r.draft()
}

func drafted(value any) any {
	if d, ok := value.(Drafter); ok {
		return d.Draft()
	}
	return value
}

// One returns a response with one object.
func One(status int, key string, value any) *Response {
	return &Response{Status: status, Key: key, Value: value}
}

// Many returns a response with a slice of a list. view converts each item.
func Many[T, V any](key string, found list.Slice[T], view func(T) V) *Response {
	views := make([]V, len(found.Items))
	for i, item := range found.Items {
		views[i] = view(item)
	}
	return Slice(key, views, found.Info)
}

// Slice is like Many for items that are converted already.
func Slice[V any](key string, views []V, found list.Info) *Response {
	response := All(http.StatusOK, key, views)
	response.List = &found
	return response
}

// All returns a response with several objects that are not a slice of a list.
func All[V any](status int, key string, views []V) *Response {
	return &Response{Status: status, Key: key, Value: views, draft: func() any {
		items := make([]any, len(views))
		for i, v := range views {
			items[i] = drafted(v)
		}
		return items
	}}
}

// Deleted returns the response after an object was removed: no body, but in the
// early draft the object.
func Deleted(value any) *Response {
	return &Response{Status: http.StatusNoContent, Value: value, DraftStatus: http.StatusOK}
}
