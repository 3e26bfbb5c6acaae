package api_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/front/api"
)

// However many clients connect and send nothing, at most that many connections
// are open, requests under way are finished, and a new client is served.
func TestConnectionsAreBounded(t *testing.T) {
	const most = 4
	under, release := make(chan struct{}), make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			under <- struct{}{}
			<-release
		}
		fmt.Fprint(w, "served")
	}))
	server.Listener = api.Listener(server.Listener, most)
	server.Config.ConnContext, server.Config.ConnState = api.ConnContext, api.ConnState
	server.Start()
	defer server.Close()
	dial := func() net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		return conn
	}
	ask := func(conn net.Conn, path string) {
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
	}
	answered := func(conn net.Conn, what string) {
		t.Helper()
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v", what, err)
		}
		io.Copy(io.Discard, response.Body)
	}
	slow := dial()
	ask(slow, "/slow")
	<-under
	idle := make([]net.Conn, 5*most)
	for i := range idle {
		idle[i] = dial()
	}
	next := dial()
	ask(next, "/")
	answered(next, "a new client")
	for i, conn := range idle[:4*most] { // the oldest were closed for the others
		if _, err := conn.Read(make([]byte, 1)); err == nil || isTimeout(err) {
			t.Errorf("idle connection %d is still open: %v", i, err)
		}
	}
	close(release)
	answered(slow, "the request under way")
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}
