package helper

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/socket"
)

// TestRelayProgram runs the relay as QEMU does: in the folder of the socket,
// with one TCP socket as standard input, output and error.
func TestRelayProgram(t *testing.T) {
	dir := t.TempDir()
	l, err := socket.Listen(dir, "metadata.sock")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.URL.Path)
	})}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })

	guest, qemu := tcpPair(t)
	file, err := qemu.File()
	if err != nil {
		t.Fatal(err)
	}
	qemu.Close()
	cmd := exec.Command(os.Args[0], "relay", "metadata.sock")
	cmd.Dir = dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = file, file, file
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	file.Close()
	if _, err := io.WriteString(guest, "GET /metadata/v1/id HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(guest)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(answer), "\r\n\r\n/metadata/v1/id") {
		t.Errorf("the guest got %q", answer)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func tcpPair(t *testing.T) (a, b *net.TCPConn) {
	t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialed, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialed.Close() })
	accepted, err := l.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	return dialed.(*net.TCPConn), accepted
}
