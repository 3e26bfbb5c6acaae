package api

import (
	"net/http"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/apierr"
	"github.com/rockpool-cloud/rockpool/internal/oauth"
)

// authorized is a handler that knows which account asks.
type authorized func(w http.ResponseWriter, r *http.Request, accountID int64) error

// authenticated lets a request through whose token has that scope.
func (s *server) authenticated(scope string, next authorized) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, err := s.token(r)
		if err == nil && !token.Allows(scope) {
			err = apierr.Forbidden()
		}
		if err == nil {
			err = next(w, r, token.AccountID)
		}
		if err != nil {
			s.writeError(w, r, err)
		}
	}
}

func (s *server) token(r *http.Request) (oauth.Token, error) {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(text) == "" {
		return oauth.Token{}, apierr.Unauthorized()
	}
	return oauth.Authenticate(r.Context(), s.DB, strings.TrimSpace(text))
}
