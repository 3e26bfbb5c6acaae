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

// authorized is a handler that knows who asks.
type authorized func(w http.ResponseWriter, r *http.Request, token oauth.Token) error

// anyScope is for what every good token may do.
var anyScope []string

// authenticated lets a request through whose token has one of those scopes.
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

// count counts the request, and tells the client how many it has left.
func (s *server) count(h http.Header, token oauth.Token) error {
	v := s.Limiter.Take(token.ID)
	// The names are as package http writes them; of any other form it would
	// make a copy each time.
	h.Set("Ratelimit-Limit", strconv.Itoa(v.Limit))
	h.Set("Ratelimit-Remaining", strconv.Itoa(v.Remaining))
	h.Set("Ratelimit-Reset", strconv.FormatInt(time.Now().Add(v.Reset).Unix(), 10))
	if v.Allowed {
		return nil
	}
	h.Set("Retry-After", strconv.Itoa(int(math.Ceil(v.RetryAfter.Seconds()))))
	return apierr.TooManyRequests()
}

// tokenParam carries the token in a query or an urlencoded form, for clients
// that can set no header.
const tokenParam = "access_token"

// credentials returns the token that the request brings: in the Authorization
// header as Bearer, or as the user of Basic with any password, else in the
// query, else in the form. A header that is there but wrong never falls
// through: the caller would act as somebody else than it thinks. For the same
// reason a token that is given twice is refused (RFC 6750, section 3.1).
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

// formTokens returns the tokens in an urlencoded form. It leaves the body to be
// read once more.
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
	if beginsObject(text) { // it will be read as JSON
		return nil, nil
	}
	form, _ := url.ParseQuery(string(text)) // what is wrong with it is not said to whom nobody knows
	return form[tokenParam], nil
}
