package guesthttp

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/socket"
)

// TestConnectionsAreBounded opens as many connections as a guest may have.
// Another one is closed at once, until one of them is closed.
func TestConnectionsAreBounded(t *testing.T) {
	dir := t.TempDir()
	l, err := socket.Listen(dir, "metadata.sock")
	if err != nil {
		t.Fatal(err)
	}
	bounded := newBoundedListener(l, Connections)
	t.Cleanup(func() { l.Close() })
	var open []net.Conn
	for range Connections {
		dialForTest(t, dir)
		conn, err := bounded.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		open = append(open, conn)
	}
	accepted := make(chan net.Conn, 1)
	go func() {
		conn, _ := bounded.Accept()
		accepted <- conn
	}()
	wantRefused(t, dialForTest(t, dir))
	open[0].Close()
	open[0].Close() // the second Close frees nothing
	dialForTest(t, dir)
	conn := next(t, accepted)
	if conn == nil {
		t.Fatal("no connection was accepted after one had been closed")
	}
	defer conn.Close()
	go func() {
		conn, _ := bounded.Accept()
		accepted <- conn
	}()
	wantRefused(t, dialForTest(t, dir))
	l.Close()
	if conn := next(t, accepted); conn != nil {
		t.Error("one connection too many was accepted")
	}
}

// TestServerIsBounded: the server has the bound, and answers within it.
func TestServerIsBounded(t *testing.T) {
	dir := t.TempDir()
	l, err := socket.Listen(dir, "metadata.sock")
	if err != nil {
		t.Fatal(err)
	}
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Path) })
	s := Serve(l, answer, slog.New(slog.DiscardHandler))
	defer s.Close()
	first := dialForTest(t, dir)
	for range Connections - 1 {
		dialForTest(t, dir)
	}
	wantRefused(t, dialForTest(t, dir))
	if _, err := io.WriteString(first, "GET /id HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(first); err != nil || !strings.HasSuffix(string(text), "\r\n\r\n/id") {
		t.Errorf("the guest got %q (%v)", text, err)
	}
}

// next returns the next value from a channel, or fails.
func next[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(time.Minute):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func dialForTest(t *testing.T, dir string) net.Conn {
	t.Helper()
	conn, err := socket.Dial(t.Context(), dir, "metadata.sock")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// wantRefused wants the end of the connection well before the server's timeout of
// an idle one.
func wantRefused(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(idle / 2)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a connection too many gives %v, want its end", err)
	}
}
