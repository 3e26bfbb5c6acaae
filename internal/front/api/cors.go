package api

import "net/http"

// What scripts of other origins may send and read. Every origin is allowed,
// because a script must send a token itself. Credentials that a browser adds by
// itself, such as cookies, are not allowed, and the API does not use any.
const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
	corsHeaders = "Authorization, Content-Type, Accept, Range, Prefer, Pragma, If-None-Match, Idempotency-Key, " +
		"X-Http-Method-Override, Http-Method-Override"
	corsExposed = "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, Total, Link, Location, ETag, Allow, " +
		"WWW-Authenticate, Content-Range, Next-Range, Prev-Range, Accept-Ranges, Accept-Range, Idempotency-Replayed, " +
		"Preference-Applied, X-Request-Id"
	corsMaxAge = "86400" // seconds
)

// cors lets scripts of any origin use the API, and answers preflight requests,
// which have no token.
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
