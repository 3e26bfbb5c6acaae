package server

import (
	"net/http"
	"strings"
)

// withPanel puts the panel beside the API, and shows the way to it to people who
// open the bare root. It leaves all other requests to the API as they are;
// http.ServeMux would redirect some, which clients don't follow.
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

// fromBrowser reports whether a person has typed an address into a browser: the
// request wants a page, and has no token in any of the places where the API
// looks for one.
func fromBrowser(r *http.Request) bool {
	return strings.Contains(strings.Join(r.Header.Values("Accept"), ","), "text/html") &&
		r.Header.Values("Authorization") == nil && !r.URL.Query().Has("access_token") && r.Header.Get("Content-Type") == ""
}
