package metadata

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// Source reads droplets for the handler.
type Source interface {
	Guest(ctx context.Context, id int64) (droplet.Guest, error)
	View(ctx context.Context, d droplet.Droplet) (droplet.View, error)
}

// Handler returns the metadata service of the droplet with that id. It does not
// authenticate: it must be served on a socket that only this droplet can reach.
func Handler(source Source, id int64, log *slog.Logger) http.Handler {
	h := handler{source: source, id: id, log: log}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metadata/v1.json", h.document)
	mux.HandleFunc("GET /metadata/{path...}", h.value)
	mux.HandleFunc("GET /v2/droplets/self", h.self)
	return direct(mux)
}

type handler struct {
	source Source
	id     int64
	log    *slog.Logger
}

// direct rejects requests that a proxy inside the guest forwards for others.
func direct(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Forwarded-For") != "" {
			http.Error(w, "forwarded requests are refused", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// load reads the guest's data. It ignores that the request's context is cancelled: a
// client that closes its sending side after the request, as nc does, still waits for the
// answer.
func (h handler) load(w http.ResponseWriter, r *http.Request) (droplet.Guest, bool) {
	guest, err := h.source.Guest(context.WithoutCancel(r.Context()), h.id)
	if err != nil {
		h.fail(w, err)
	}
	return guest, err == nil
}

// fail answers 404 for apierr.NotFound, and logs and answers 500 for other errors.
func (h handler) fail(w http.ResponseWriter, err error) {
	status := http.StatusNotFound
	if !apierr.IsNotFound(err) {
		status = http.StatusInternalServerError
		h.log.Error("metadata", "droplet", h.id, "error", err)
	}
	http.Error(w, apierr.From(err).Message, status)
}

func (h handler) document(w http.ResponseWriter, r *http.Request) {
	if guest, ok := h.load(w, r); ok {
		writeJSON(w, document(guest))
	}
}

// self answers with the droplet's view in the API.
func (h handler) self(w http.ResponseWriter, r *http.Request) {
	guest, ok := h.load(w, r)
	if !ok {
		return
	}
	view, err := h.source.View(context.WithoutCancel(r.Context()), guest.Droplet) // see load
	if err != nil {
		h.fail(w, err)
		return
	}
	writeJSON(w, map[string]any{"droplet": view})
}

func writeJSON(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(body)
}

// value answers with the index of a folder, whose path ends in a slash, or the text of a
// value.
func (h handler) value(w http.ResponseWriter, r *http.Request) {
	guest, ok := h.load(w, r)
	if !ok {
		return
	}
	var at any = folder{"v1": document(guest).tree()}
	path := r.PathValue("path")
	for name := range strings.SplitSeq(strings.TrimSuffix(path, "/"), "/") {
		if name == "" && path == "" {
			break
		}
		inside, isFolder := at.(folder)
		if at, ok = inside[name]; !isFolder || !ok {
			http.NotFound(w, r)
			return
		}
	}
	slashed := path == "" || strings.HasSuffix(path, "/")
	switch found := at.(type) {
	case list:
		writeText(w, strings.Join(found, "\n"))
	case folder:
		if !slashed {
			http.Redirect(w, r, r.URL.Path+"/", http.StatusMovedPermanently)
			return
		}
		writeText(w, index(found))
	case string:
		if slashed {
			http.NotFound(w, r)
			return
		}
		writeText(w, found)
	}
}

func writeText(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, text)
}

// index lists the names in a folder. Names of folders and lists end in a slash.
func index(f folder) string {
	var names []string
	for name, value := range f {
		if _, ok := value.(string); !ok {
			name += "/"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, "\n")
}
