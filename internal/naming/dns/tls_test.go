package dns

import (
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/front/certificate/certificatetest"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/answer"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnstest"
)

// startedTLS starts a server that speaks TLS, and returns how to dial it.
func startedTLS(t *testing.T, config Config) (*Server, *tls.Config) {
	t.Helper()
	ours, theirs := tlsConfigs(t)
	config.TLS, config.TLSAddresses = ours, []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}
	return started(t, config, dnstest.Zone(t, "example.com.", dnstest.Small)), theirs
}

// tlsConfigs returns what a server and its clients need.
func tlsConfigs(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	authority := certificatetest.NewAuthority(t)
	pair, err := tls.LoadX509KeyPair(authority.Issue(t, t.TempDir(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}},
		&tls.Config{RootCAs: authority.Pool, ServerName: certificatetest.Name, NextProtos: []string{"dot"}}
}

func dialTLS(t *testing.T, s *Server, config *tls.Config) *tls.Conn {
	t.Helper()
	// Less than a client waits that has to wait for another's handshake.
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: s.config.IdleTimeout / 2}, "tcp", s.TLSAddresses()[0].String(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestTLS(t *testing.T) {
	s, config := startedTLS(t, Config{})
	client := &dns.Client{Net: "tcp-tls", TLSConfig: config}
	got, _, err := client.Exchange(new(dns.Msg).SetQuestion("ns1.example.com.", dns.TypeA), s.TLSAddresses()[0].String())
	if err != nil || len(got.Answer) != 1 {
		t.Errorf("%v %s", err, got)
	}
	if conn := dialTLS(t, s, config); conn.ConnectionState().NegotiatedProtocol != "dot" || !works(t, conn) || !works(t, conn) {
		t.Errorf("by %q", conn.ConnectionState().NegotiatedProtocol)
	}
	config.NextProtos = nil
	if !works(t, dialTLS(t, s, config)) {
		t.Error("a client without ALPN is not answered")
	}
	config.NextProtos = []string{"h2"}
	if _, err := tls.Dial("tcp", s.TLSAddresses()[0].String(), config); err == nil {
		t.Error("another protocol than DNS is spoken")
	}
}

func TestPipeliningByTLS(t *testing.T) {
	s, config := startedTLS(t, Config{})
	conn := dialTLS(t, s, config)
	var all []byte
	const n = 500
	for i := range uint16(n) {
		all = append(all, framed(t, i, "ns1.example.com.", dns.TypeA)...)
	}
	go func() { _, _ = conn.Write(all) }()
	for i := range n {
		if m := read(t, conn); m == nil || int(m.Id) != i || len(m.Answer) != 1 {
			t.Fatalf("%d'th answer: %s", i, m)
		}
	}
}

// TestBrokenHandshakes has clients that never finish their handshake: others
// are served, and they are dropped.
func TestBrokenHandshakes(t *testing.T) {
	s, config := startedTLS(t, Config{IdleTimeout: 3 * time.Second})
	query := string(framed(t, 1, "ns1.example.com.", dns.TypeA))
	var waiting []net.Conn
	for _, text := range []string{"", "\x16", "\x16\x03\x01\x02\x00\x01", query} {
		conn, err := net.Dial("tcp", s.TLSAddresses()[0].String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, conn)
	}
	if !works(t, dialTLS(t, s, config)) {
		t.Error("another client is not answered")
	}
	for i, conn := range waiting {
		if m := read(t, conn); m != nil {
			t.Errorf("client %d is answered without TLS: %s", i, m)
		}
	}
	if !works(t, dialTLS(t, s, config)) {
		t.Error("a later client is not answered")
	}
}

// TestEvictionByTLS has a client that reads nothing more give up its place:
// nobody waits for it to hear of that.
func TestEvictionByTLS(t *testing.T) {
	ours, theirs := tlsConfigs(t)
	theirs.InsecureSkipVerify = true // the bubble's time is not the certificate's
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe() // which keeps nothing: a write waits for its reader
		server, client := tls.Server(near, ours), tls.Client(far, theirs)
		shaken := make(chan error, 1)
		go func() { shaken <- server.Handshake() }()
		// It reads on until the tickets are through that follow a handshake.
		go func() { _, _ = client.Read(make([]byte, 1)) }()
		if err := <-shaken; err != nil {
			t.Fatal(err)
		}
		_ = client.SetReadDeadline(past)
		synctest.Wait()
		cs := newConns(1, 1)
		if !cs.add(&conn{Conn: server, transport: answer.TLS}) {
			t.Fatal("no room for the first")
		}
		began := time.Now()
		if !cs.add(&conn{transport: answer.TLS}) {
			t.Error("no room for the second")
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("it took %s", took)
		}
		if _, err := server.Write([]byte("x")); err == nil {
			t.Error("the first is not closed")
		}
	})
}
