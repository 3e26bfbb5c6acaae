package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"strconv"

	"github.com/rockpool-cloud/rockpool/internal/front/httperr"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// answer is a response in its form on the wire.
type answer struct {
	status int
	header http.Header
	body   []byte
	made   []string // paths of what was created, below /v2, if Location does not name it
}

// render gives a response its form. It says nothing to the client yet.
func (c *call) render(response *resource.Response) (*answer, error) {
	a := &answer{status: response.Status, header: http.Header{}, made: response.Made}
	if response.Location != "" {
		a.header.Set("Location", c.request.URL(response.Location))
	}
	if response.List != nil {
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
	body := map[string]any{response.Key: response.Value}
	if response.List != nil {
		body["links"] = pageLinks(c.http, c.request.List, c.mode, response.List.Total)
		body["meta"] = map[string]int{"total": response.List.Total}
	} else if response.Links != nil {
		body["links"] = response.Links
	}
	return a, a.encode(body)
}

// encode makes value the answer's body.
func (a *answer) encode(value any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	a.header.Set("Content-Type", "application/json; charset=utf-8")
	a.body = text.Bytes()
	return nil
}

// varying are the headers of a request that change the form of its answer.
const varying = "Accept, Accept-Encoding"

// write sends the answer, compressed if the client takes that.
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
	w.WriteHeader(a.status)
	_, err := w.Write(body)
	return err
}

func writeJSON(w http.ResponseWriter, r *http.Request, status int, body any) {
	a := answer{status: status, header: http.Header{}}
	if err := a.encode(body); err != nil {
		panic(err) // every body is made of plain structs; recover answers
	}
	a.write(w, r)
}

// errorBody is the form of every error.
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
	case errors.Is(err, errNoRoom):
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
			level = slog.LevelDebug // the client has gone; that is no fault of ours
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
