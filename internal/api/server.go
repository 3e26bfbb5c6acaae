// Package api is the front door: it routes by the schema, finds out who asks,
// reads the parameters, and gives every answer and every error its one form.
package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/rockpool-cloud/rockpool/internal/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ratelimit"
	"github.com/rockpool-cloud/rockpool/internal/resource"
	"github.com/rockpool-cloud/rockpool/internal/schema"
	"github.com/rockpool-cloud/rockpool/internal/store"
)

// Config is what a front door opens to.
type Config struct {
	DB        *store.DB
	Resources []resource.Resource
	Limiter   *ratelimit.Limiter
	Version   string // of Rockpool
	Log       *slog.Logger
}

type server struct {
	Config
}

// New returns the API's handler. It fails if the schema and the handlers do
// not fit: a link without a handler, a handler without a link.
func New(c Config) (http.Handler, error) {
	s := &server{c}
	definitions := map[string][]byte{}
	handlers := map[string]resource.Handler{}
	for _, r := range c.Resources {
		definitions[r.Name] = r.Schema
		for route, handler := range r.Handlers {
			if handlers[route] != nil {
				return nil, fmt.Errorf("two handlers for %s", route)
			}
			handlers[route] = handler
		}
	}
	loaded, err := schema.Load(definitions)
	if err != nil {
		return nil, err
	}
	router := chi.NewRouter()
	router.NotFound(s.fail(apierr.NotFound()))
	router.MethodNotAllowed(s.methodNotAllowed(router))
	for _, path := range []string{"/", "/v2"} {
		router.Get(path, s.authenticated("account:read", s.directory))
	}
	router.Get("/v2/schema", s.serveSchema(loaded))
	if err := s.route(router, loaded.Links, handlers); err != nil {
		return nil, err
	}
	return s.log(s.recover(cors(s.override(headAsGet(withoutTrailingSlash(router)))))), nil
}

func (s *server) route(router chi.Router, links []*schema.Link, handlers map[string]resource.Handler) error {
	var errs []error
	for _, link := range links {
		handler := handlers[link.Route()]
		if handler == nil {
			errs = append(errs, fmt.Errorf("the schema of %s has %s, which nothing handles", link.Resource, link.Route()))
			continue
		}
		delete(handlers, link.Route())
		router.Method(link.Method, "/v2"+link.Path, s.authenticated(link.Scope, s.operation(link, handler)))
	}
	for route := range handlers {
		errs = append(errs, fmt.Errorf("the handler of %s has no link in the schema", route))
	}
	return errors.Join(errs...)
}

// operation serves one link.
func (s *server) operation(link *schema.Link, handler resource.Handler) authorized {
	return func(w http.ResponseWriter, r *http.Request, accountID int64) error {
		params, err := s.params(w, r, link)
		if err != nil {
			return err
		}
		wanted, mode := listQuery(r)
		response, err := handler(r.Context(), &resource.Request{
			AccountID: accountID, Path: pathValues(r), Params: params, List: wanted, Base: origin(r) + "/v2",
		})
		if err != nil {
			return err
		}
		s.answer(w, r, response, wanted, mode)
		return nil
	}
}

func (s *server) directory(w http.ResponseWriter, r *http.Request, _ int64) error {
	base := origin(r)
	writeJSON(w, http.StatusOK, map[string]any{
		"name": "Rockpool", "version": s.Version, "links": map[string]string{"v2": base + "/v2", "schema": base + "/v2/schema"},
	})
	return nil
}

// methodNotAllowed answers with the methods that the path does have.
func (s *server) methodNotAllowed(router *chi.Mux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		if r.URL.RawPath != "" { // as the router does
			path = r.URL.RawPath
		}
		var allowed []string
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
			probe := method
			if method == http.MethodHead {
				probe = http.MethodGet
			}
			if router.Match(chi.NewRouteContext(), probe, path) {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 { // the router asks here for methods that it doesn't know
			s.writeError(w, r, apierr.NotFound())
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		s.writeError(w, r, apierr.MethodNotAllowed(r.Method))
	}
}
