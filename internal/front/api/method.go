package api

import (
	"net/http"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// overrideHeaders ask for another method than POST, from clients that can't
// send it. The second is the name of an early draft.
var overrideHeaders = []string{"X-Http-Method-Override", "Http-Method-Override"}

// overridable are the methods that may be asked for.
var overridable = map[string]bool{"GET": true, "HEAD": true, "POST": true, "PUT": true, "PATCH": true, "DELETE": true}

// override gives a POST the method that its header asks for, before anything
// else looks at the method. On other methods the header means nothing.
func (s *server) override(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		wanted, err := overridden(r.Header)
		if err != nil {
			s.writeError(w, r, err)
			return
		}
		if wanted != "" {
			r = r.Clone(r.Context())
			r.Method = wanted
		}
		if wanted == http.MethodHead {
			w = bodyless{w}
		}
		next.ServeHTTP(w, r)
	})
}

// overridden returns the method that the headers ask for; empty if they ask for
// none. All that ask must agree.
func overridden(h http.Header) (string, error) {
	method := ""
	for _, header := range overrideHeaders {
		for _, value := range h.Values(header) {
			wanted := strings.ToUpper(strings.TrimSpace(value))
			switch {
			case wanted == "":
			case !overridable[wanted]:
				return "", apierr.BadRequest("%s: %q is no method that a POST can stand for", header, wanted)
			case method != "" && method != wanted:
				return "", apierr.BadRequest("%s: %s and %s are asked for at once", header, method, wanted)
			default:
				method = wanted
			}
		}
	}
	return method, nil
}

// bodyless drops the body of an answer to a HEAD that came as a POST, which
// the HTTP server would send; and its length, because the client of a POST
// would wait for it.
type bodyless struct{ http.ResponseWriter }

func (w bodyless) WriteHeader(status int) {
	w.Header().Del("Content-Length")
	w.ResponseWriter.WriteHeader(status)
}

func (w bodyless) Write(p []byte) (int, error) { return len(p), nil }

// Unwrap lets http.ResponseController reach the connection.
func (w bodyless) Unwrap() http.ResponseWriter { return w.ResponseWriter }
