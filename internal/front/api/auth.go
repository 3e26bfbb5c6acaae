package api

import (
	"bytes"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/identity/oauth"
)

// authorized handles a request whose token is valid and has the scope.
type authorized func(w http.ResponseWriter, r *http.Request, token oauth.Token) error

// anyScope is for operations that every valid token may do.
var anyScope []string

// authenticated calls next if the request's token is valid, within its rate limit,
// and has one of the scopes.
func (s *server) authenticated(scopes []string, next authorized) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, err := s.token(w, r)
		if err == nil {
			err = s.count(w.Header(), token)
		}
		if err == nil && len(scopes) > 0 && !token.Allows(scopes...) {
			err = apierr.Forbidden(scopes...)
		}
		if err == nil {
			err = next(w, r, token)
		}
		if err != nil {
			s.writeError(w, r, err)
		}
	}
}

func (s *server) token(w http.ResponseWriter, r *http.Request) (oauth.Token, error) {
	text, err := credentials(w, r)
	if err != nil {
		return oauth.Token{}, err
	}
	if text == "" {
		return oauth.Token{}, apierr.Unauthorized()
	}
	return s.Tokens.Authenticate(r.Context(), text)
}

// count counts the request against the token's rate limit, and sets the headers
// that say how many requests are left.
func (s *server) count(h http.Header, token oauth.Token) error {
	v := s.Limiter.Take(token.ID)
	// The names are in the canonical form of package http. It would copy any other
	// form each time.
	h.Set("Ratelimit-Limit", strconv.Itoa(v.Limit))
	h.Set("Ratelimit-Remaining", strconv.Itoa(v.Remaining))
	h.Set("Ratelimit-Reset", strconv.FormatInt(time.Now().Add(v.Reset).Unix(), 10))
	if v.Allowed {
		return nil
	}
	h.Set("Retry-After", strconv.Itoa(int(math.Ceil(v.RetryAfter.Seconds()))))
	return apierr.TooManyRequests()
}

// tokenParam is the parameter that has the token, in a query or an urlencoded
// form, for clients that can't set a header.
const tokenParam = "access_token"

// credentials returns the token of a request; empty if it has none. The token is in
// the Authorization header, as Bearer, or as the user of Basic with any password;
// else in the query; else in the form. With an invalid Authorization header the
// other places are not read: the caller might act as another user than it thinks.
// For the same reason a token that is given twice is an error (RFC 6750, section
// 3.1).
func credentials(w http.ResponseWriter, r *http.Request) (string, error) {
	if r.Header.Values("Authorization") == nil {
		return paramCredentials(w, r)
	}
	header, err := single(r.Header, "Authorization")
	if err != nil {
		return "", err
	}
	if user, _, ok := r.BasicAuth(); ok {
		return strings.TrimSpace(user), nil
	}
	scheme, text, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", nil
	}
	return strings.TrimSpace(text), nil
}

func paramCredentials(w http.ResponseWriter, r *http.Request) (string, error) {
	tokens := queryOf(r)[tokenParam]
	if len(tokens) == 0 {
		form, err := formTokens(w, r)
		if err != nil {
			return "", err
		}
		tokens = form
	}
	switch len(tokens) {
	case 0:
		return "", nil
	case 1:
		return strings.TrimSpace(tokens[0]), nil
	}
	return "", apierr.BadRequest("The parameter %s is given %d times; send it once.", tokenParam, len(tokens))
}

// formTokens returns the tokens in an urlencoded form. The body can be read again
// after it.
func formTokens(w http.ResponseWriter, r *http.Request) ([]string, error) {
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if mediaType != urlencoded {
		return nil, nil
	}
	text, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	if beginsObject(text) { // bodyParams reads it as JSON
		return nil, nil
	}
	form, _ := url.ParseQuery(string(text)) // errors in the form are reported only to authenticated clients
	return form[tokenParam], nil
}
