package contract

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/server"
	"github.com/rockpool-cloud/rockpool/internal/tests/servertest"
)

// lockedBuffer is a log in memory. Several goroutines may write to it.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// No log contains a token, at any level, wherever the request has it and
// whether or not the request succeeds. Links to other pages contain none
// either.
func TestTokensAreInNoLogOrLink(t *testing.T) {
	c := newClient(t)
	c.addKeys(3)
	var log lockedBuffer
	logger := server.NewLogger(&log, slog.LevelDebug)
	config := servertest.Config(t)
	config.Log = logger
	another, err := server.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer another.Close()
	served := servertest.Listen(another, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("panic") {
			panic("at " + r.URL.String())
		}
		another.Handler.ServeHTTP(w, r)
	}))
	served.Start()
	defer served.Close()
	for _, r := range []struct{ method, path, body string }{
		{"GET", "/v2/account?access_token=TOKEN", ""},
		{"GET", "/v2/droplets/TOKEN", ""}, {"GET", "/TOKEN", ""}, {"BREW", "/v2/TOKEN", ""}, {"GET", "/v2/images/TOKEN?access_token=TOKEN&x=%zz", ""},
		{"POST", "/v2/account/keys?access_token=TOKEN", "access_token=TOKEN&name=TOKEN&public_key=TOKEN"},
		{"GET", "/v2/account;access_token=TOKEN?a;access_token=TOKEN", ""},
		{"GET", "/v2/droplets?panic=1&access_token=TOKEN", ""},
	} {
		request, err := http.NewRequest(r.method, served.URL+strings.ReplaceAll(r.path, "TOKEN", c.Token), strings.NewReader(strings.ReplaceAll(r.body, "TOKEN", c.Token)))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if response, err := http.DefaultTransport.RoundTrip(request); err == nil {
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
	}
	another.DB.Close() // the next request fails
	if response, err := http.Get(served.URL + "/v2/droplets/" + c.Token + "?access_token=" + c.Token); err == nil {
		response.Body.Close()
	}
	served.Close()
	text := log.text.String()
	if strings.Contains(text, c.Token) {
		t.Errorf("a token is logged:\n%s", text)
	}
	for _, want := range []string{"path=/v2/droplets/TOKEN", "panic serving", "request failed"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not logged:\n%s", want, text)
		}
	}
	page := c.bare("GET", "/v2/account/keys?per_page=1&page=2&access_token="+c.Token)
	if page.StatusCode != http.StatusOK || page.At("links", "pages", "next") == nil || strings.Contains(page.Text, c.Token) {
		t.Errorf("a page: %d %s", page.StatusCode, page.Text)
	}
}

// Each request is logged, and the log does not contain the token, wherever the
// request has it.
func TestEveryRequestIsLoggedWithoutItsToken(t *testing.T) {
	var log lockedBuffer
	c := newLoggedClient(t, server.NewLogger(&log, slog.LevelDebug))
	secret := strings.TrimPrefix(c.Token, "dop_v1_")
	for _, path := range []string{
		"/v2/account?access_token=" + c.Token, "/v2/droplets/" + c.Token, "/" + c.Token, "/v2/droplets/" + secret,
		"/v2/droplets/" + strings.ToUpper(c.Token), "/v2/account/" + c.Token[:40],
	} {
		for _, method := range []string{"GET", "PATCH", "BREW"} {
			c.Do(method, path, "")
		}
	}
	if text := strings.ToLower(log.String()); strings.Count(text, "msg=request ") != 18 || strings.Contains(text, secret[:30]) {
		t.Errorf("the log has the token, or less than 18 requests:\n%s", text)
	}
}
