package qemu

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
)

const visitorMachine = 52

// TestGuestReachesTheHostsLoopback documents what a guest can reach and should not:
// through its gateway the host's loopback, and there the forwarded port of another
// machine, at an address that root in a guest can route to the gateway. README warns
// of both. QEMU's user network has no option against it. With another network this
// test must be inverted.
func TestGuestReachesTheHostsLoopback(t *testing.T) {
	other := guestSpec(t)
	visitor := testSpec(visitorMachine, other.Disks[0].Image)
	visitor.MemoryMB = other.MemoryMB
	host := greeter(t)

	reports := make(chan string, 2)
	e := openIn(t, t.TempDir())
	e.config.Metadata = func(id int64) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch what, isReport := strings.CutPrefix(r.URL.Path, "/report/"); {
			case id != visitorMachine:
				tellID(id).ServeHTTP(w, r)
			case isReport:
				reports <- what
			case r.URL.Path == "/metadata/v1/user-data":
				fmt.Fprintf(w, visit, host.Port, strings.ReplaceAll(guestSSH, ":", "/"), other.Interfaces[0].Address)
			default:
				tellID(id).ServeHTTP(w, r)
			}
		})
	}
	recovered(t, e)
	started(t, e, other)
	hostKey(t) // it is up
	started(t, e, visitor)
	for _, want := range []string{"gateway:hello", "other:SSH-2.0"} {
		if got := receive(t, reports); got != want {
			t.Errorf("the guest reports %q, want %q", got, want)
		}
	}
}

// visit is the visitor's user data, with the port of the greeter, and place and
// address of the other machine's SSH server.
const visit = `#!/bin/bash
read -t 20 -r -n 5 greeting </dev/tcp/172.16.254.2/%d
wget -T 20 -qO- http://169.254.169.254/report/gateway:$greeting
echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet
ip route add %[3]s/32 via 172.16.254.2 dev eth0 table local
read -t 20 -r -n 7 banner </dev/tcp/%[2]s
wget -T 20 -qO- http://169.254.169.254/report/other:$banner
`

// greeter sends hello to every client of its port of 127.0.0.1.
func greeter(t *testing.T) *net.TCPAddr {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // closed
			}
			_, _ = conn.Write([]byte("hello\n"))
			conn.Close()
		}
	}()
	return l.Addr().(*net.TCPAddr)
}
