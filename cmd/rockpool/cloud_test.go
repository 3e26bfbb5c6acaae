package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/identity/account"
)

// client talks to a cloud of simulated machines, wired as serve wires it.
type client struct {
	t     testing.TB
	cloud *cloud
	data  dataFlag
	url   string
	token string
	roots *x509.CertPool // that its server's certificate is from, if it speaks TLS
	http  http.RoundTripper
}

func newClient(t testing.TB, change ...func(*serveCommand)) *client {
	t.Helper()
	return newLoggedClient(t, slog.New(slog.DiscardHandler), change...)
}

// newLoggedClient is newClient for a cloud whose log is of interest.
func newLoggedClient(t testing.TB, log *slog.Logger, change ...func(*serveCommand)) *client {
	t.Helper()
	c := &serveCommand{
		dataFlag: newData(t), Compute: "simulated", Network: "user", Forward: []uint16{22},
		Addresses: addressing{netip.MustParsePrefix("127.18.0.0/16")}, DropletLimit: 5, ResumeDroplets: true,
	}
	for _, f := range change {
		f(c)
	}
	cl, err := open(t.Context(), c, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cl.close() })
	if err := firstToken(t.Context(), cl.db, c.dataFlag); err != nil {
		t.Fatal(err)
	}
	if err := cl.start(context.Background()); err != nil {
		t.Fatal(err)
	}
	token, err := os.ReadFile(c.dataFlag.token())
	if err != nil {
		t.Fatal(err)
	}
	server := cl.server(keepsContract(t, cl.schema, cl.handler))
	server.Start()
	t.Cleanup(server.Close)
	return &client{t: t, cloud: cl, data: c.dataFlag, url: c.scheme() + "://" + server.Listener.Addr().String(), token: strings.TrimSpace(string(token)), http: http.DefaultTransport}
}

// server returns a server of the cloud, not started, as serve makes it.
func (cl *cloud) server(handler http.Handler) *httptest.Server {
	log := slog.New(slog.DiscardHandler)
	server := httptest.NewUnstartedServer(nil)
	server.Listener = cl.listener(server.Listener, log)
	server.Config = newServer(handler, log)
	return server
}

func TestTheFirstTokenIsMadeOnce(t *testing.T) {
	c := newClient(t)
	data := newData(t)
	other := newClient(t, func(s *serveCommand) { s.dataFlag = data })
	for range 2 {
		if err := firstToken(t.Context(), other.cloud.db, data); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(data.token())
	if err != nil || strings.TrimSpace(string(kept)) != other.token || other.token == c.token {
		t.Errorf("the token became %q, was %q, %v", kept, other.token, err)
	}
}

// An account that has a token already gets its first token as well.
func TestTheFirstTokenComesAfterOthers(t *testing.T) {
	data := newData(t)
	db, err := store.Open(t.Context(), data.database())
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(t.Context(), func(tx *store.Tx) error { // as a start that was killed leaves it
		_, err := account.First(t.Context(), tx)
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	command := tokenCreateCommand{dataFlag: data, Name: "mine"}
	if err := command.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c := newClient(t, func(s *serveCommand) { s.dataFlag = data }); c.do("GET", "/v2/account", "").StatusCode != 200 {
		t.Error("the first token is not good")
	}
}

// answer is a response with its body read, and decoded if it is JSON.
type answer struct {
	*http.Response
	text string
	body map[string]any
}

func (c *client) do(method, path, body string, headers ...string) answer {
	c.t.Helper()
	request, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := c.http.RoundTrip(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	a := answer{Response: response, text: string(text)}
	json.NewDecoder(bytes.NewReader(text)).Decode(&a.body)
	return a
}

// at returns the value below those keys; a number picks an element.
func (a answer) at(keys ...any) any {
	var value any = a.body
	for _, key := range keys {
		switch key := key.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[key]
		case int:
			list, _ := value.([]any)
			if key >= len(list) {
				return nil
			}
			value = list[key]
		}
	}
	return value
}

// wait waits for the action with that id.
func (c *client) wait(id any) action.Action {
	c.t.Helper()
	a, err := c.cloud.actions.Wait(c.t.Context(), 1, int64(id.(float64)))
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

const (
	someKey  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@here"
	otherKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBoT0lDt0uNyWFB5zZDCEUTfCe3BsuRFkyBNyQ1rZgKb"
)

// create makes a droplet and waits until it is active.
func (c *client) create(body string) answer {
	c.t.Helper()
	a := c.do("POST", "/v2/droplets", body)
	if a.StatusCode != http.StatusAccepted {
		c.t.Fatalf("create: %d %s", a.StatusCode, a.text)
	}
	if done := c.wait(a.at("links", "actions", 0, "id")); done.Status != action.Completed {
		c.t.Fatalf("create ended %s: %s", done.Status, done.Reason)
	}
	return a
}
