// Package api is the front door: it routes requests by the schema, authenticates
// them, reads their parameters, calls the rooms' handlers, and encodes all answers
// and errors.
package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"
	"golang.org/x/sync/semaphore"

	"github.com/rockpool-cloud/rockpool/internal/front/idempotency"
	"github.com/rockpool-cloud/rockpool/internal/front/ratelimit"
	"github.com/rockpool-cloud/rockpool/internal/front/schema"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/identity/oauth"
)

// Config is what the front door needs.
type Config struct {
	DB        *store.DB
	Tokens    *oauth.Tokens
	Resources []resource.Resource
	Limiter   *ratelimit.Limiter
	DiskSpace func() error // fails while there is too little disk space to create anything; nil: never
	Metrics   http.Handler // serves the metrics for Prometheus, to every valid token
	Version   string       // of Rockpool
	Log       *slog.Logger
}

type server struct {
	Config
	keys *idempotency.Keys
	torn *torn
}

// Door is the API's HTTP handler, and the schema by which it routes.
type Door struct {
	http.Handler
	Schema *schema.Schema
}

// New returns the API's handler. It fails if the schema and the handlers do not
// match: a link without a handler, a handler without a link, or a list whose
// filters are not its parameters.
func New(c Config) (*Door, error) {
	s := &server{Config: c, keys: idempotency.NewKeys(c.DB), torn: &torn{}}
	definitions := map[string][]byte{}
	handlers := map[string]resource.Handler{}
	filters := map[string][]string{} // by resource
	for _, r := range c.Resources {
		definitions[r.Name] = r.Schema
		filters[r.Name] = r.Filters
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
	if err := checkFilters(loaded.Resources, filters); err != nil {
		return nil, err
	}
	router := chi.NewRouter()
	router.NotFound(s.notFound)
	router.MethodNotAllowed(s.methodNotAllowed(router))
	router.Get("/metrics", s.authenticated(anyScope, s.metrics))
	for _, path := range []string{"/", "/v2"} {
		router.Get(path, s.authenticated(anyScope, s.directory))
	}
	s.describe(router, loaded)
	s.routeAbsent(router)
	if err := s.route(router, loaded.Links, handlers); err != nil {
		return nil, err
	}
	memory := semaphore.NewWeighted(bodyMemory)
	return &Door{s.log(s.recover(limitBodyMemory(memory, cors(s.override(headAsGet(withoutTrailingSlash(router))))))), loaded}, nil
}

func (s *server) route(router chi.Router, links []*schema.Link, handlers map[string]resource.Handler) error {
	var errs []error
	routes := map[string]bool{} // that have a handler
	for _, link := range links {
		route := link.Route()
		if link.Alias != nil {
			route = link.Alias.Route()
		}
		handler := handlers[route]
		if handler == nil {
			errs = append(errs, fmt.Errorf("the schema of %s has %s, which nothing handles", link.Resource, link.Route()))
			continue
		}
		routes[route] = true
		router.Method(link.Method, "/v2"+link.Path, s.authenticated(link.Scopes, s.operation(link, handler)))
	}
	for route := range handlers {
		if !routes[route] {
			errs = append(errs, fmt.Errorf("the handler of %s has no link in the schema", route))
		}
	}
	return errors.Join(errs...)
}

// checkFilters compares the filters of each resource with the parameters of its
// list.
func checkFilters(resources []*schema.Resource, filters map[string][]string) error {
	var errs []error
	for _, r := range resources {
		have, lists := slices.Sorted(slices.Values(filters[r.Name])), 0
		for _, link := range r.Links {
			if !link.Lists() {
				continue
			}
			lists++
			if declared := link.ParameterNames(); !slices.Equal(have, declared) {
				errs = append(errs, fmt.Errorf("%s has the filters %v, its schema has the parameters %v", link.Route(), have, declared))
			}
		}
		if lists == 0 && len(have) > 0 {
			errs = append(errs, fmt.Errorf("%s has the filters %v, but no list", r.Name, have))
		}
	}
	return errors.Join(errs...)
}

func (s *server) directory(w http.ResponseWriter, r *http.Request, _ oauth.Token) error {
	base := Origin(r)
	writeJSON(w, r, http.StatusOK, map[string]any{
		"name": "Rockpool", "version": s.Version, "links": map[string]string{
			"v2": base + "/v2", "schema": base + "/v2/schema", "openapi": base + "/v2/openapi.json", "docs": base + "/v2/docs",
		},
	})
	return nil
}

// majorVersion matches the beginning of a path in some version of the API.
var majorVersion = regexp.MustCompile(`^/(v[0-9]+)(/|$)`)

func (s *server) notFound(w http.ResponseWriter, r *http.Request) {
	err := apierr.NotFound()
	if found := majorVersion.FindStringSubmatch(r.URL.Path); found != nil && found[1] != "v2" {
		err.Message = fmt.Sprintf("There is no %s of this API; its only version is v2.", found[1])
	}
	s.writeError(w, r, err)
}

func (s *server) metrics(w http.ResponseWriter, r *http.Request, _ oauth.Token) error {
	s.Metrics.ServeHTTP(w, r)
	return nil
}

// methodNotAllowed answers a 405 with the methods that the path has.
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
		if len(allowed) == 0 { // the router calls this for unknown methods too
			s.writeError(w, r, apierr.NotFound())
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		s.writeError(w, r, apierr.MethodNotAllowed(r.Method))
	}
}
