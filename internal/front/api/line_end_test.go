package api

import (
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/await"
)

// The server ends its own reads by deadlines in the past. A reset that comes
// after them is still seen as a reset.
func TestDeadlinesAreNotTheClientsEnd(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp4", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	l := &line{conn: server.(*net.TCPConn)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.awaitEnd()
	}()
	for range 100 {
		_ = server.SetReadDeadline(time.Unix(1, 0))
		runtime.Gosched()
	}
	_ = client.(*net.TCPConn).SetLinger(0)
	_ = client.Close()
	await.Receive(t, ended, "the connection's end")
	if !l.broken {
		t.Error("a reset counts as an end in order")
	}
}
