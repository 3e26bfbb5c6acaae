package api

import (
	"net/http"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// overrideHeaders are headers of a POST by which a client asks for a method that it
// can't send. The second is from the API's early draft.
var overrideHeaders = []string{"X-Http-Method-Override", "Http-Method-Override"}

// overridable are the methods that may be asked for.
var overridable = map[string]bool{"GET": true, "HEAD": true, "POST": true, "PUT": true, "PATCH": true, "DELETE": true}

// override replaces the method of a POST by the one that its header asks for. It
// ignores the header of other methods.
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
// none. Headers that contradict each other are an error.
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

// bodyless drops the body of the answer to a POST that stands for a HEAD; the HTTP
// server would send it. It also drops the Content-Length, because the client of a
// POST would wait for that many bytes.
type bodyless struct{ http.ResponseWriter }

func (w bodyless) WriteHeader(status int) {
	w.Header().Del("Content-Length")
	w.ResponseWriter.WriteHeader(status)
}

func (w bodyless) Write(p []byte) (int, error) { return len(p), nil }

// Unwrap lets http.ResponseController reach the connection.
func (w bodyless) Unwrap() http.ResponseWriter { return w.ResponseWriter }
