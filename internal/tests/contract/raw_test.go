package contract

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/front/certificate/certificatetest"
	"github.com/rockpool-cloud/rockpool/internal/server"
)

// rawRequest is the text of a request, byte by byte, and the expected
// response. In the text, TOKEN stands for a valid token and LENGTH for the
// length of everything after the headers. In the message, SCHEME stands for
// the scheme of the API URLs. After a text that ends in HALT, the client
// sends no more.
type rawRequest struct {
	name, text string
	status     int
	id         string // of the error; empty for a success, and for an answer that net/http gives by itself
	message    string // that the error's must contain, or a success's body
}

// get returns a well-formed GET with additional headers, each with its line
// end.
func get(target, headers string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: rockpool\r\nAuthorization: Bearer TOKEN\r\n" + headers + "\r\n"
}

// send returns a well-formed request with a body.
func send(method, target, headers, body string) string {
	return method + " " + target + " HTTP/1.1\r\nHost: rockpool\r\nAuthorization: Bearer TOKEN\r\nContent-Length: LENGTH\r\n" +
		headers + "\r\n" + body
}

// The types of bodies.
const (
	asJSON = "Content-Type: application/json\r\n"
	asForm = "Content-Type: application/x-www-form-urlencoded\r\n"
	asPart = "Content-Type: multipart/form-data; boundary=x\r\n"
)

// patience is the time limit of a response. Only a hang takes longer.
const patience = 10 * time.Second

// duplex is a connection that a client can close for writing.
type duplex interface {
	net.Conn
	CloseWrite() error
}

// dial connects to the server over TCP, or over TLS if the server uses TLS.
func (c *client) dial(t *testing.T) duplex {
	t.Helper()
	scheme, address, _ := strings.Cut(c.URL, "://")
	tcp, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tcp.Close() })
	if err := tcp.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if scheme == "http" {
		return tcp.(*net.TCPConn)
	}
	conn := tls.Client(tcp, &tls.Config{RootCAs: c.Roots, ServerName: certificatetest.Name})
	if err := conn.Handshake(); err != nil {
		t.Fatal(err)
	}
	return conn
}

// underneath returns the TCP connection of a connection.
func underneath(conn duplex) *net.TCPConn {
	if secured, ok := conn.(*tls.Conn); ok {
		return secured.NetConn().(*net.TCPConn)
	}
	return conn.(*net.TCPConn)
}

// wire replaces the placeholders in the text of a request.
func (c *client) wire(text string) string {
	text = strings.ReplaceAll(text, "TOKEN", c.Token)
	_, body, _ := strings.Cut(text, "\r\n\r\n")
	return strings.Replace(text, "LENGTH", strconv.Itoa(len(strings.TrimSuffix(body, "HALT"))), 1)
}

// raw sends the text of a request and reads the first response that is not
// 100.
func (c *client) raw(t *testing.T, text string) answer {
	t.Helper()
	conn := c.dial(t)
	text, halt := strings.CutSuffix(c.wire(text), "HALT")
	go func() { // write and read at the same time: the server may respond before it has read everything
		io.WriteString(conn, text)
		if halt {
			conn.CloseWrite()
		}
	}()
	method, _, _ := strings.Cut(text, " ")
	return readAnswer(t, bufio.NewReader(conn), method)
}

func readAnswer(t *testing.T, r *bufio.Reader, method string) answer {
	t.Helper()
	for {
		response, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			t.Fatalf("no answer: %v", err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatalf("a torn answer: %v", err)
		}
		if response.StatusCode == http.StatusContinue {
			continue
		}
		a := answer{Response: response, Text: string(body)}
		json.Unmarshal(body, &a.JSON)
		return a
	}
}

// state returns everything that a rejected request must not change.
func (c *client) state() string {
	var all []string
	for _, path := range []string{"droplets", "account/keys", "actions"} {
		all = append(all, c.Do("GET", "/v2/"+path, "").Text)
	}
	return strings.Join(all, "")
}

// manyDroplets configures a cloud without a practical limit of droplets.
func manyDroplets(s *server.Config) { s.DropletLimit = 1000 }

// hostile sends each request to a cloud that has one key and one droplet.
func hostile(t *testing.T, requests []rawRequest) { newClient(t, manyDroplets).hostile(t, requests) }

func (c *client) hostile(t *testing.T, requests []rawRequest) {
	if a := c.Do("POST", "/v2/account/keys", fmt.Sprintf(`{"name":"k","public_key":%q}`, someKey)); a.StatusCode != http.StatusCreated {
		t.Fatal(a.Text)
	}
	c.Create(goodDroplet)
	for _, r := range requests {
		t.Run(r.name, func(t *testing.T) {
			before := c.state()
			a := c.raw(t, r.text)
			id, _ := a.JSON["id"].(string)
			said, refused := a.JSON["message"].(string)
			if !refused {
				said = a.Text
			}
			scheme, _, _ := strings.Cut(c.URL, "://")
			r.message = strings.Replace(r.message, "SCHEME", scheme, 1)
			if a.StatusCode != r.status || id != r.id || !strings.Contains(said, r.message) {
				t.Errorf("got %d %.500s\nwant %d %s %s", a.StatusCode, a.Text, r.status, r.id, r.message)
			}
			if r.status >= 400 {
				if r.id != "" {
					checkRefusal(t, a)
				}
				if after := c.state(); after != before {
					t.Errorf("it was refused, and changed something:\n%s\n%s", before, after)
				}
			}
			if a := c.raw(t, get("/v2/account", "")); a.StatusCode != http.StatusOK {
				t.Errorf("the next request is answered %d %s", a.StatusCode, a.Text)
			}
		})
	}
}

// checkRefusal fails the test unless the answer is an error in the form of
// the API.
func checkRefusal(t *testing.T, a answer) {
	t.Helper()
	if got := a.Header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
	id := a.Header.Get("X-Request-Id")
	if id == "" || a.Text != "" && (a.JSON["request_id"] != id || a.JSON["message"] == "") {
		t.Errorf("not the API's form, or with another X-Request-Id than %q: %.500s", id, a.Text)
	}
	if len(a.Text) > 8<<10 {
		t.Errorf("the error has %d bytes", len(a.Text))
	}
}
