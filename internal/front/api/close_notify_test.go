package api

import (
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/await"
)

// The server ends its own reads by deadlines in the past. They do not count as the
// client's end: a reset after them still counts as a reset.
func TestDeadlinesDoNotCountAsTheClientsEnd(t *testing.T) {
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
	l := &connInfo{conn: server.(*net.TCPConn)}
	served := connection{l.conn, l}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.awaitEnd()
	}()
	for range 100 {
		_ = served.SetReadDeadline(time.Unix(1, 0))
		runtime.Gosched()
	}
	_ = client.(*net.TCPConn).SetLinger(0)
	_ = client.Close()
	await.Receive(t, ended, "the connection's end")
	if !l.broken {
		t.Error("a reset does not count as a reset")
	}
}
