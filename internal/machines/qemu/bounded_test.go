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

// TestMetadataConnectionsAreBounded opens as many connections as a guest may have.
// Another one is closed at once, until one of them is closed.
func TestMetadataConnectionsAreBounded(t *testing.T) {
	dir := t.TempDir()
	l, err := socket.Listen(dir, "metadata.sock")
	if err != nil {
		t.Fatal(err)
	}
	bounded := newBoundedListener(l, metadataConnections)
	t.Cleanup(func() { l.Close() })
	var open []net.Conn
	for range metadataConnections {
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

// TestMetadataServerIsBounded connects to the server of a machine.
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

// wantRefused wants the end of the connection well before the server's timeout of
// an idle one.
func wantRefused(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(metadataIdle / 2)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a connection too many gives %v, want its end", err)
	}
}
