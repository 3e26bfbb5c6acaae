package servertest

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/server"
)

// Client calls the API of a cloud.
type Client struct {
	T      testing.TB
	Server *server.Server
	Data   server.Data
	URL    string // without a path
	Token  string
	Roots  *x509.CertPool // of the cloud's certificate, if it has one
	HTTP   http.RoundTripper
}

// Answer is a response. Its body has been read, and decoded if it is JSON.
type Answer struct {
	*http.Response
	Text string
	JSON map[string]any // nil if the body is no JSON object
}

// Do sends a request with the token of the client. Headers are alternating
// names and values. The body is JSON unless a header gives another type.
func (c *Client) Do(method, path, body string, headers ...string) Answer {
	c.T.Helper()
	request, err := http.NewRequest(method, c.URL+path, strings.NewReader(body))
	if err != nil {
		c.T.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.Token)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := c.HTTP.RoundTrip(request)
	if err != nil {
		c.T.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.T.Fatal(err)
	}
	a := Answer{Response: response, Text: string(text)}
	json.NewDecoder(bytes.NewReader(text)).Decode(&a.JSON)
	return a
}

// At returns the value at those keys; a number selects an element of an
// array.
func (a Answer) At(keys ...any) any {
	var value any = a.JSON
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

// Wait waits for the action with that id.
func (c *Client) Wait(id any) action.Action {
	c.T.Helper()
	a, err := c.Server.Actions.Wait(c.T.Context(), 1, int64(id.(float64)))
	if err != nil {
		c.T.Fatal(err)
	}
	return a
}

// Create creates a droplet and waits until it is active.
func (c *Client) Create(body string) Answer {
	c.T.Helper()
	a := c.Do("POST", "/v2/droplets", body)
	if a.StatusCode != http.StatusAccepted {
		c.T.Fatalf("create: %d %s", a.StatusCode, a.Text)
	}
	if done := c.Wait(a.At("links", "actions", 0, "id")); done.Status != action.Completed {
		c.T.Fatalf("create ended %s: %s", done.Status, done.Reason)
	}
	return a
}
