package qemu

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/socket"
)

// TestMetadataConnectionsAreBounded holds as many connections open as a guest
// may, and finds that another ends at once, until one of them is closed.
func TestMetadataConnectionsAreBounded(t *testing.T) {
	dir := t.TempDir()
	l, err := socket.Listen(dir, "metadata.sock")
	if err != nil {
		t.Fatal(err)
	}
	bounded := newBoundedListener(l, metadataConnections)
	t.Cleanup(func() { l.Close() })
	var held []net.Conn
	for range metadataConnections {
		dialForTest(t, dir)
		conn, err := bounded.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		held = append(held, conn)
	}
	accepted := make(chan net.Conn, 1)
	go func() {
		conn, _ := bounded.Accept()
		accepted <- conn
	}()
	wantRefused(t, dialForTest(t, dir))
	held[0].Close()
	held[0].Close() // makes no more room than once
	dialForTest(t, dir)
	conn := receive(t, accepted)
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
	if conn := receive(t, accepted); conn != nil {
		t.Error("one connection too many was accepted")
	}
}

// TestMetadataServerIsBounded asks the server that a machine has.
func TestMetadataServerIsBounded(t *testing.T) {
	e, _ := newEngine(t)
	spec := testSpec(88, blankImage(t))
	if err := e.Create(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	dir := e.newMachine(spec.ID).dir
	for range metadataConnections {
		dialForTest(t, dir)
	}
	wantRefused(t, dialForTest(t, dir))
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

// wantRefused wants a connection's end well before the server's patience with
// an idle one does.
func wantRefused(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(metadataIdle / 2)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a connection too many gives %v, want its end", err)
	}
}
