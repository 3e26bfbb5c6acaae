package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

// logged is a log in memory.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// Wherever a client puts its token, and whatever becomes of the request, no log
// has it, not even the most talkative, nor has a link to another page.
func TestNoTokenIsInALog(t *testing.T) {
	c := newClient(t)
	c.addKeys(3)
	log := &logged{}
	logger := newLogger(log, slog.LevelDebug)
	another, err := open(t.Context(), &serveCommand{
		dataFlag: newData(t), Compute: "simulated", Addresses: addressing{netip.MustParsePrefix("127.18.0.0/16")}, DropletLimit: 5,
	}, logger)
	if err != nil {
		t.Fatal(err)
	}
	defer another.close()
	server := httptest.NewUnstartedServer(nil)
	server.Listener = another.listener(server.Listener, logger)
	server.Config = newServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("panic") {
			panic("at " + r.URL.String())
		}
		another.handler.ServeHTTP(w, r)
	}), logger)
	server.Start()
	defer server.Close()
	for _, r := range []struct{ method, path, body string }{
		{"GET", "/v2/account?access_token=TOKEN", ""},
		{"GET", "/v2/droplets/TOKEN", ""}, {"GET", "/TOKEN", ""}, {"BREW", "/v2/TOKEN", ""}, {"GET", "/v2/images/TOKEN?access_token=TOKEN&x=%zz", ""},
		{"POST", "/v2/account/keys?access_token=TOKEN", "access_token=TOKEN&name=TOKEN&public_key=TOKEN"},
		{"GET", "/v2/account;access_token=TOKEN?a;access_token=TOKEN", ""},
		{"GET", "/v2/droplets?panic=1&access_token=TOKEN", ""},
	} {
		request, err := http.NewRequest(r.method, server.URL+strings.ReplaceAll(r.path, "TOKEN", c.token), strings.NewReader(strings.ReplaceAll(r.body, "TOKEN", c.token)))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if response, err := http.DefaultTransport.RoundTrip(request); err == nil {
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
	}
	another.db.Close() // so that what comes now fails
	if response, err := http.Get(server.URL + "/v2/droplets/" + c.token + "?access_token=" + c.token); err == nil {
		response.Body.Close()
	}
	server.Close()
	log.mu.Lock()
	defer log.mu.Unlock()
	text := log.text.String()
	if strings.Contains(text, c.token) {
		t.Errorf("a token is logged:\n%s", text)
	}
	for _, want := range []string{"path=/v2/droplets/TOKEN", "panic serving", "request failed"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not logged:\n%s", want, text)
		}
	}
	page := c.bare("GET", "/v2/account/keys?per_page=1&page=2&access_token="+c.token)
	if page.StatusCode != http.StatusOK || page.at("links", "pages", "next") == nil || strings.Contains(page.text, c.token) {
		t.Errorf("a page: %d %s", page.StatusCode, page.text)
	}
}
