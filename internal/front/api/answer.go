package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rockpool-cloud/rockpool/internal/front/httperr"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// answer is a response as it is sent.
type answer struct {
	status int
	header http.Header // nil if there is nothing but the body
	body   []byte      // JSON, unless the header has another Content-Type
	made   []string    // paths of what was created, below /v2, if Location does not name it
}

// render encodes a response as an answer, which is not sent yet.
func (c *call) render(response *resource.Response) (*answer, error) {
	a := &answer{status: response.Status, made: response.Made}
	if response.Location != "" {
		a.set("Location", c.request.URL(response.Location))
	}
	if response.List != nil {
		a.header = http.Header{}
		a.status = rangeHeaders(a.header, *response.List, c.mode)
	}
	if c.draft {
		if response.DraftStatus != 0 {
			a.status = response.DraftStatus
		}
		if response.Value == nil {
			return a, nil
		}
		return a, a.encode(response.Draft())
	}
	if response.Key == "" {
		return a, nil
	}
	members := [3]member{{response.Key, response.Value}}
	n := 1
	if response.List != nil {
		members[1] = member{"links", pageLinks(c.http, c.request.List, c.mode, response.List.Total)}
		members[2] = member{"meta", map[string]int{"total": response.List.Total}}
		n = 3
	} else if response.Links != nil {
		members[1] = member{"links", response.Links}
		n = 2
	}
	return a, a.encodeObject(members[:n]...)
}

// member is one member of an object.
type member struct {
	name  string // has no character that JSON escapes
	value any
}

// encodeObject encodes an object as the answer's body, its members sorted by name.
// The result is that of encode for a map, which takes twice as long.
func (a *answer) encodeObject(members ...member) error {
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	text := newBody()
	encoder := newEncoder(text)
	for i, m := range members {
		before := `,"`
		if i == 0 {
			before = `{"`
		}
		text.WriteString(before)
		text.WriteString(m.name)
		text.WriteString(`":`)
		if err := encoder.Encode(m.value); err != nil {
			return err
		}
		text.Truncate(text.Len() - 1) // the encoder's line feed
	}
	text.WriteString("}\n")
	a.body = text.Bytes()
	return nil
}

// encode encodes a value as the answer's body.
func (a *answer) encode(value any) error {
	text := newBody()
	if err := newEncoder(text).Encode(value); err != nil {
		return err
	}
	a.body = text.Bytes()
	return nil
}

// bodies has the buffers of answers that have been sent, for later answers.
var bodies = sync.Pool{New: func() any { return bytes.NewBuffer(make([]byte, 0, smallBody)) }}

// smallBody is the size of a buffer that is large enough for most answers, in bytes.
const smallBody = 2 << 10

func newBody() *bytes.Buffer {
	text := bodies.Get().(*bytes.Buffer)
	text.Reset()
	return text
}

// release returns the buffer of the answer's body to bodies. Nobody may read the
// body after that.
func (a *answer) release() {
	if c := cap(a.body); c >= smallBody && c <= 4*smallBody {
		bodies.Put(bytes.NewBuffer(a.body))
	}
	a.body = nil
}

func newEncoder(w io.Writer) *json.Encoder {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder
}

// set sets a header of the answer.
func (a *answer) set(name, value string) {
	if a.header == nil {
		a.header = http.Header{}
	}
	a.header.Set(name, value)
}

// typeJSON is the Content-Type of nearly every answer.
var typeJSON = []string{"application/json; charset=utf-8"}

// varying are the headers of a request on which the encoding of its answer depends.
const varying = "Accept, Accept-Encoding"

// write sends the answer, compressed if the client accepts that.
func (a *answer) write(w http.ResponseWriter, r *http.Request) error {
	body := a.body
	h := w.Header()
	maps.Copy(h, a.header)
	h.Add("Vary", varying)
	if len(body) > 0 && takesGzip(r.Header.Values("Accept-Encoding"), len(body)) {
		body = compress(body)
		h.Set("Content-Encoding", "gzip")
	}
	if a.body != nil {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	if len(body) > 0 && a.header["Content-Type"] == nil {
		h["Content-Type"] = typeJSON
	}
	w.WriteHeader(a.status)
	_, err := w.Write(body)
	return err
}

func writeJSON(w http.ResponseWriter, r *http.Request, status int, body any) {
	a := answer{status: status}
	if err := a.encode(body); err != nil {
		panic(err) // every body consists of plain structs; server.recover answers with a 500
	}
	a.write(w, r)
}

// errorBody is the body of every error.
type errorBody struct {
	ID        string         `json:"id"`
	Message   string         `json:"message"`
	RequestID string         `json:"request_id"`
	Errors    []apierr.Field `json:"errors,omitempty"`
}

func (s *server) writeError(w http.ResponseWriter, r *http.Request, err error) {
	e := apierr.From(err)
	level := slog.LevelError
	switch {
	case errors.Is(err, errNoMemory):
		e, level = apierr.Unavailable("Too many large requests are under way at once."), slog.LevelWarn
		w.Header().Set("Retry-After", "1")
	case store.IsFull(err):
		e = apierr.Unavailable("The disk of this cloud's database is full.")
		w.Header().Set("Retry-After", "60")
	case store.IsAway(err):
		e = apierr.Unavailable("This cloud's database can't be reached, or does not do this now.")
		w.Header().Set("Retry-After", "5")
	}
	answer := httperr.Of(e.Kind)
	if answer.Status >= http.StatusInternalServerError {
		switch {
		case answer.Status == http.StatusNotImplemented:
			level = slog.LevelInfo
		case r.Context().Err() != nil:
			level = slog.LevelDebug // the client has disconnected; the server did not fail
		}
		s.Log.Log(context.WithoutCancel(r.Context()), level, "request failed", "request_id", requestID(r), "method", r.Method, "path", r.URL.Path, "error", err)
	}
	acceptRanges(w.Header(), e.Ranges)
	if answer.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	body := errorBody{ID: answer.ID, Message: shortened(e.Message), RequestID: requestID(r)}
	for _, f := range e.Fields {
		body.Errors = append(body.Errors, apierr.Field{Field: shortened(f.Field), Message: shortened(f.Message)})
	}
	writeJSON(w, r, answer.Status, body)
}
