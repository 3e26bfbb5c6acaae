package api

import "net/http"

// What scripts of other origins may send and see. The API knows its callers by
// a token that they must send themselves, never by what a browser adds on its
// own, so any origin will do, and none may have it added: credentials are not
// allowed.
const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
	corsHeaders = "Authorization, Content-Type, Accept, Range, Prefer, Pragma, If-None-Match, Idempotency-Key, " +
		"X-Http-Method-Override, Http-Method-Override"
	corsExposed = "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, Total, Link, Location, ETag, Allow, " +
		"WWW-Authenticate, Content-Range, Next-Range, Prev-Range, Accept-Ranges, Accept-Range, Idempotency-Replayed, " +
		"Preference-Applied, X-Request-Id"
	corsMaxAge = "86400" // seconds
)

// cors lets scripts of any origin use the API, and answers their preflights,
// which carry no token.
func cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		if origin := r.Header.Get("Origin"); origin != "" {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Expose-Headers", corsExposed)
		}
		if r.Method != http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Allow", corsMethods)
		h.Set("Access-Control-Allow-Methods", corsMethods)
		h.Set("Access-Control-Allow-Headers", corsHeaders)
		h.Set("Access-Control-Max-Age", corsMaxAge)
		w.WriteHeader(http.StatusNoContent)
	})
}
