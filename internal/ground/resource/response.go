package resource

import (
	"context"
	"net/http"

	"github.com/rockpool-cloud/rockpool/internal/ground/list"
)

// Response is a successful answer, before it has a form on the wire.
type Response struct {
	Status   int
	Key      string // under which Value stands in the body; no body if empty
	Value    any
	Links    any        // the body's "links"; of a list they are made by the front door
	Location string     // path of what was created, below /v2
	Made     []string   // the same where several things were, which no Location names
	List     *list.Info // of a list, what was found

	// DraftStatus is the status in the draft view; 0 for the same.
	DraftStatus int

	// Waits says that the handler itself waits as long as the client would.
	Waits bool

	// Final returns the response as it is when the actions that the request began
	// have ended, or an error if ctx ends before. It is nil if none began.
	Final func(ctx context.Context) (*Response, error)

	draft func() any
}

// Drafter is a value that the API's early draft, from before its release,
// showed otherwise (contract, section 6).
type Drafter interface{ Draft() any }

// Draft returns the answer's value as the draft showed it.
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
	return Slice(key, views, found.Info)
}

// Slice is Many with the items shown already.
func Slice[V any](key string, views []V, found list.Info) *Response {
	response := All(http.StatusOK, key, views)
	response.List = &found
	return response
}

// All is an answer with several objects that are no slice of a list.
func All[V any](status int, key string, views []V) *Response {
	return &Response{Status: status, Key: key, Value: views, draft: func() any {
		items := make([]any, len(views))
		for i, v := range views {
			items[i] = drafted(v)
		}
		return items
	}}
}

// Deleted is the answer when an object has been removed: nothing, but the
// draft showed the object once more.
func Deleted(value any) *Response {
	return &Response{Status: http.StatusNoContent, Value: value, DraftStatus: http.StatusOK}
}
