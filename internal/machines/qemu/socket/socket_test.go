package socket

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestLongPath connects in a folder whose path is longer than a socket's address
// may be, to the later of two listeners of one name.
func TestLongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 50))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	first, err := Listen(dir, "a.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := Listen(dir, "a.sock")
	if err != nil {
		t.Fatal(err)
	}
	first.Close() // which must not remove the second one's file
	conn, err := Dial(t.Context(), dir, "a.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if pid, err := ListenerPID(conn); err != nil || pid != os.Getpid() {
		t.Errorf("the listener is process %d (%v), want %d", pid, err, os.Getpid())
	}
	accepted, err := second.Accept()
	if err != nil {
		t.Fatal(err)
	}
	accepted.Close()
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the connection leads elsewhere: %v", err)
	}
	second.Close()
	if _, err := Dial(t.Context(), dir, "a.sock"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("with nobody there: %v", err)
	}
}
