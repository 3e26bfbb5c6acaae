package server

import (
	"net/http"
	"strings"
)

// withPanel adds the panel to the API, and redirects browsers from the root
// to it. It passes all other requests to the API unchanged. http.ServeMux
// would redirect some of them, and API clients do not follow redirects.
func withPanel(door, page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case reads && r.URL.Path == "/panel":
			page.ServeHTTP(w, r)
		case reads && r.URL.Path == "/" && fromBrowser(r):
			w.Header().Set("Vary", "Accept, Authorization")
			http.Redirect(w, r, "/panel", http.StatusSeeOther)
		default:
			door.ServeHTTP(w, r)
		}
	})
}

// fromBrowser reports whether a person opened the address in a browser. Such
// a request accepts HTML, and has no token in any of the places where the API
// reads one.
func fromBrowser(r *http.Request) bool {
	return strings.Contains(strings.Join(r.Header.Values("Accept"), ","), "text/html") &&
		r.Header.Values("Authorization") == nil && !r.URL.Query().Has("access_token") && r.Header.Get("Content-Type") == ""
}
