package contract

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/tests/servertest"
)

// write sends a text without waiting for a response.
func write(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

// Each request on a connection gets its own response, in order, also if the
// client sends all requests first.
func TestPipelinedRequests(t *testing.T) {
	bothWays(t, func(c *client, t *testing.T) {
		conn := c.dial(t)
		var requests []string
		for i := range 50 {
			requests = append(requests, c.wire(get(fmt.Sprintf("/v2/nothing/%d", i), "")), c.wire(get("/v2/account", "")),
				c.wire(send("POST", "/v2/account/keys", asJSON, `{"name":"a","public_key":"x"}`)))
		}
		write(t, conn, strings.Join(requests, ""))
		r := bufio.NewReader(conn)
		for i := range requests {
			if a := readAnswer(t, r, "GET"); a.StatusCode != []int{404, 200, 422}[i%3] {
				t.Fatalf("answer %d: %d %s", i, a.StatusCode, a.Text)
			}
		}
	})
}

// A proxy that disagrees with the server on the end of a body could smuggle a
// request into it. So the server reads no further request from a connection
// after a body that it cannot read to its end.
func TestBrokenBodyEndsTheConnection(t *testing.T) {
	bothWays(t, func(c *client, t *testing.T) {
		const hidden = "DELETE /v2/account/keys/1 HTTP/1.1\r\nHost: rockpool\r\nAuthorization: Bearer TOKEN\r\n\r\n"
		head := func(headers string) string {
			return "POST /v2/account/keys HTTP/1.1\r\nHost: rockpool\r\nAuthorization: Bearer TOKEN\r\n" + asJSON + headers + "\r\n"
		}
		c.addKeys(1)
		for name, test := range map[string]struct {
			text   string
			status int
		}{
			"a size that is none":        {head("Transfer-Encoding: chunked\r\n") + "x\r\n" + hidden, 400},
			"a chunk that is too long":   {head("Transfer-Encoding: chunked\r\n") + "1\r\n{}\r\n" + hidden, 400},
			"two lengths":                {head("Content-Length: 0\r\nContent-Length: 5\r\n") + hidden, 400},
			"a coding that is not known": {head("Transfer-Encoding: xchunked\r\n") + hidden, 501},
			"a coding in a list":         {head("Transfer-Encoding: identity, chunked\r\n") + "0\r\n\r\n" + hidden, 501},
			"a coding after a tab":       {head("Transfer-Encoding:\tx\r\nContent-Length: 0\r\n") + hidden, 501},
			"a space before the colon":   {head("Content-Length : 0\r\n") + hidden, 400},
			"a refused expectation":      {head("Expect: x\r\nContent-Length: 0\r\n") + hidden, 417},
		} {
			t.Run(name, func(t *testing.T) {
				conn := c.dial(t)
				write(t, conn, c.wire(test.text))
				r := bufio.NewReader(conn)
				if a := readAnswer(t, r, "POST"); a.StatusCode != test.status {
					t.Errorf("%d %s; want %d", a.StatusCode, a.Text, test.status)
				}
				if rest, _ := io.ReadAll(r); len(rest) > 0 { // the server may reset the connection
					t.Errorf("the connection goes on: %q", rest)
				}
				if a := c.Do("GET", "/v2/account/keys/1", ""); a.StatusCode != http.StatusOK {
					t.Errorf("the hidden request was done: %d", a.StatusCode)
				}
			})
		}
	})
}

// A client that stops in the middle of a body delays no other client. It gets
// an error when it closes its half of the connection.
func TestStalledBodyDelaysNoOtherRequest(t *testing.T) {
	bothWays(t, func(c *client, t *testing.T) {
		half := strings.Replace(send("POST", "/v2/droplets", asJSON, `{"name":`), "LENGTH", "100", 1)
		stopped := make([]duplex, 20)
		for i := range stopped {
			stopped[i] = c.dial(t)
			write(t, stopped[i], c.wire(half))
		}
		c.Create(goodDroplet)
		for _, conn := range stopped {
			conn.CloseWrite()
			if a := readAnswer(t, bufio.NewReader(conn), "POST"); a.StatusCode != 400 || a.JSON["message"] != "The body could not be read to its end." {
				t.Errorf("%d %s", a.StatusCode, a.Text)
			}
		}
		if a := c.Do("GET", "/v2/droplets", ""); a.At("meta", "total") != 1.0 {
			t.Errorf("droplets: %s", a.Text)
		}
	})
}

// A client that stops in the middle of a body and stays connected gets an
// error after the time limit.
func TestStalledBodyTimesOut(t *testing.T) {
	c := newClient(t)
	server := c.another(func(s *http.Server) { s.ReadTimeout = 50 * time.Millisecond })
	defer server.Close()
	for name, text := range map[string]string{
		"length": strings.Replace(send("POST", "/v2/droplets", asJSON, `{"name":`), "LENGTH", "100", 1),
		"chunks": strings.Replace(send("POST", "/v2/droplets", asJSON+"Transfer-Encoding: chunked\r\n", "ff\r\n{"), "Content-Length: LENGTH\r\n", "", 1),
	} {
		if a := c.raw(t, text); a.StatusCode != 400 || a.JSON["message"] != "The body could not be read to its end." {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.Text)
		}
	}
}

// A client that closes its half of the connection after its request still
// gets the response.
func TestHalfClosedConnectionIsAnswered(t *testing.T) {
	// The server notices the close at a different moment in each run.
	newClient(t).sendsNoMore(t, 300)
}

func TestHalfClosedConnectionIsAnsweredOverTLS(t *testing.T) { newTLSClient(t).sendsNoMore(t, 30) }

func (c *client) sendsNoMore(t *testing.T, times int) {
	for range times {
		if a := c.raw(t, get("/v2/droplets", "")+"HALT"); a.StatusCode != http.StatusOK {
			t.Fatalf("%d %s", a.StatusCode, a.Text)
		}
	}
	for i := range times / 3 {
		name := fmt.Sprintf("pond-%d.example.com", i)
		if a := c.raw(t, send("POST", "/v2/domains", asJSON, fmt.Sprintf(`{"name":%q}`, name))+"HALT"); a.StatusCode != http.StatusCreated {
			t.Fatalf("create: %d %s", a.StatusCode, a.Text)
		}
		if a := c.raw(t, send("PATCH", "/v2/domains/"+name, asJSON, `{"ttl":300}`)+"HALT"); a.StatusCode != http.StatusOK {
			t.Fatalf("change: %d %s", a.StatusCode, a.Text)
		}
		if a := c.raw(t, send("DELETE", "/v2/domains/"+name, "", "")+"HALT"); a.StatusCode != http.StatusNoContent {
			t.Fatalf("delete: %d %s", a.StatusCode, a.Text)
		}
	}
}

// A client that disconnects at any moment has no effect. An incomplete body
// is not processed, even if the missing part has no meaning.
func TestClientsThatDisconnect(t *testing.T) {
	bothWays(t, func(c *client, t *testing.T) {
		url := c.URL
		server := c.another(func(*http.Server) {})
		whole := c.wire(send("POST", "/v2/account/keys", asJSON, fmt.Sprintf(`{"name":"a","public_key":%q}`, someKey)+"   "))
		for n := range len(whole) {
			conn := c.dial(t)
			write(t, conn, whole[:n])
			switch (len(whole) - n) % 3 {
			case 1: // the client still waits for the response
				conn.CloseWrite()
				io.Copy(io.Discard, conn)
			case 2:
				underneath(conn).SetLinger(0) // reset the connection instead of closing it
				conn.Close()
			default:
				conn.Close()
			}
		}
		server.Close() // waits for all requests in progress
		c.URL = url
		if a := c.Do("GET", "/v2/account/keys", ""); a.At("meta", "total") != 0.0 {
			t.Errorf("%d %s", a.StatusCode, a.Text)
		}
		if a := c.raw(t, whole); a.StatusCode != http.StatusCreated {
			t.Errorf("the whole request: %d %s", a.StatusCode, a.Text)
		}
	})
}

// another starts a second HTTP server of the cloud, and makes the client use
// it.
func (c *client) another(change func(*http.Server)) *httptest.Server {
	server := servertest.Listen(c.Server, c.Server.Handler)
	change(server.Config)
	server.Start()
	scheme, _, _ := strings.Cut(c.URL, "://")
	c.URL = scheme + "://" + server.Listener.Addr().String()
	return server
}
