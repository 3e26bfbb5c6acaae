package api

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/rockpool-cloud/rockpool/internal/apierr"
	"github.com/rockpool-cloud/rockpool/internal/list"
	"github.com/rockpool-cloud/rockpool/internal/resource"
	"github.com/rockpool-cloud/rockpool/internal/store"
)

func (s *server) answer(w http.ResponseWriter, r *http.Request, response *resource.Response, wanted list.Query, mode listMode) {
	if response.Location != "" {
		w.Header().Set("Location", origin(r)+"/v2"+response.Location)
	}
	if response.Key == "" {
		w.WriteHeader(response.Status)
		return
	}
	status := response.Status
	body := map[string]any{response.Key: response.Value}
	if response.List != nil {
		status = rangeHeaders(w.Header(), *response.List, mode)
		body["links"] = pageLinks(r, wanted, mode, response.List.Total)
		body["meta"] = map[string]int{"total": response.List.Total}
	} else if response.Links != nil {
		body["links"] = response.Links
	}
	writeJSON(w, status, body)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		panic(err) // every body is made of plain structs; recover answers
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(text.Len()))
	w.WriteHeader(status)
	w.Write(text.Bytes())
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
	if store.IsFull(err) {
		e = apierr.Unavailable("The disk of this cloud's database is full.")
		w.Header().Set("Retry-After", "60")
	}
	if e.Status >= http.StatusInternalServerError {
		level := slog.LevelError
		if r.Context().Err() != nil {
			level = slog.LevelDebug // the client has gone; that is no fault of ours
		}
		s.Log.Log(context.WithoutCancel(r.Context()), level, "request failed", "request_id", requestID(r), "method", r.Method, "path", r.URL.Path, "error", err)
	}
	acceptRanges(w.Header(), e.Ranges)
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	body := errorBody{ID: e.ID, Message: shortened(e.Message), RequestID: requestID(r)}
	for _, f := range e.Fields {
		body.Errors = append(body.Errors, apierr.Field{Field: shortened(f.Field), Message: shortened(f.Message)})
	}
	writeJSON(w, e.Status, body)
}

func (s *server) fail(err error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { s.writeError(w, r, err) }
}
