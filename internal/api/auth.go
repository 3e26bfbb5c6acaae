package api

import (
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/apierr"
	"github.com/rockpool-cloud/rockpool/internal/oauth"
)

// authorized is a handler that knows who asks.
type authorized func(w http.ResponseWriter, r *http.Request, token oauth.Token) error

// authenticated lets a request through whose token has that scope.
func (s *server) authenticated(scope string, next authorized) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, err := s.token(r)
		if err == nil {
			err = s.count(w.Header(), token)
		}
		if err == nil && !token.Allows(scope) {
			err = apierr.Forbidden()
		}
		if err == nil {
			err = next(w, r, token)
		}
		if err != nil {
			s.writeError(w, r, err)
		}
	}
}

func (s *server) token(r *http.Request) (oauth.Token, error) {
	text := credentials(r)
	if text == "" {
		return oauth.Token{}, apierr.Unauthorized()
	}
	return s.Tokens.Authenticate(r.Context(), text)
}

// count counts the request, and tells the client how many it has left.
func (s *server) count(h http.Header, token oauth.Token) error {
	v := s.Limiter.Take(token.ID)
	// The names are as package http writes them; of any other form it would
	// make a copy each time.
	h.Set("Ratelimit-Limit", strconv.Itoa(v.Limit))
	h.Set("Ratelimit-Remaining", strconv.Itoa(v.Remaining))
	h.Set("Ratelimit-Reset", strconv.FormatInt(v.Reset.Unix(), 10))
	if v.Allowed {
		return nil
	}
	h.Set("Retry-After", strconv.Itoa(int(math.Ceil(v.RetryAfter.Seconds()))))
	return apierr.TooManyRequests()
}

// tokenParam carries the token in a query, for clients that can set no header.
const tokenParam = "access_token"

// credentials returns the token that the request brings: in the Authorization
// header as Bearer, or as the user of Basic with any password, else in the
// query. A header that is there but wrong never falls through to the query:
// the caller would act as somebody else than it thinks.
func credentials(r *http.Request) string {
	header := r.Header.Values("Authorization")
	if len(header) == 0 {
		return strings.TrimSpace(r.URL.Query().Get(tokenParam))
	}
	if user, _, ok := r.BasicAuth(); ok {
		return strings.TrimSpace(user)
	}
	scheme, text, _ := strings.Cut(header[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(text)
}
