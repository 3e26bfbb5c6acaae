package api

import (
	"bufio"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/front/certificate/certificatetest"
)

// secured is an HTTPS server that answers with the protocol of the request.
type secured struct {
	address string
	client  *tls.Config
	end     func()
}

func newSecured(t *testing.T) *secured {
	t.Helper()
	authority := certificatetest.NewAuthority(t)
	s := &secured{client: &tls.Config{RootCAs: authority.Pool, ServerName: certificatetest.Name}}
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = raw.Addr().String()
	listener := TLSListener(raw, certificateOf(t, authority), 100)
	server := &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
		if r.TLS == nil || !r.TLS.HandshakeComplete {
			t.Error("the request does not show that it came by TLS")
		}
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	s.end = func() {
		_ = server.Close()
		if err := <-served; err != http.ErrServerClosed {
			t.Error(err)
		}
	}
	t.Cleanup(func() { s.end() })
	return s
}

func certificateOf(t *testing.T, authority *certificatetest.Authority) *tls.Config {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(authority.Issue(t, t.TempDir(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}}
}

// dial connects, and offers the protocols by ALPN.
func (s *secured) dial(t *testing.T, protocols ...string) *tls.Conn {
	t.Helper()
	config := s.client.Clone()
	config.NextProtos = protocols
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", s.address, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn
}

func TestHTTP2(t *testing.T) {
	s := newSecured(t)
	for _, two := range []bool{true, false} {
		transport := &http.Transport{TLSClientConfig: s.client.Clone(), ForceAttemptHTTP2: two}
		response, err := (&http.Client{Transport: transport}).Get("https://" + s.address)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		if want := map[bool]string{true: "HTTP/2.0", false: "HTTP/1.1"}[two]; err != nil || string(text) != want {
			t.Errorf("%q, %v; want %s", text, err, want)
		}
		transport.CloseIdleConnections()
	}
}

// A client that speaks HTTP to a port of HTTPS gets an answer that says so.
func TestHTTPInsteadOfHTTPS(t *testing.T) {
	s := newSecured(t)
	response, err := http.Get("http://" + s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusBadRequest || !strings.Contains(string(text), "HTTPS") {
		t.Errorf("%d %q, %v", response.StatusCode, text, err)
	}
}

// Clients whose TLS handshake fails or never ends do not delay other clients. The
// server closes their connections when it ends.
func TestBrokenHandshakes(t *testing.T) {
	s := newSecured(t)
	var waiting []net.Conn
	for _, text := range []string{"", "\x16\x03\x01\x02\x00\x01", "\x16\x03\x01", "\x00\x00\x00", "\x15\x03\x01\x00\x02\x02\x2a"} {
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, conn)
	}
	conn := s.dial(t)
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if response, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || response.StatusCode != 200 {
		t.Errorf("another client: %v, %v", response, err)
	}
	if _, err := tls.Dial("tcp", s.address, &tls.Config{ServerName: "elsewhere.test", RootCAs: s.client.RootCAs}); err == nil {
		t.Error("another name's certificate is good")
	}
	if _, err := tls.Dial("tcp", s.address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"dot"}}); err == nil {
		t.Error("another protocol is spoken")
	}
	s.end()
	s.end = func() {}
	for i, conn := range waiting {
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("client %d: %v", i, err)
		}
	}
}
