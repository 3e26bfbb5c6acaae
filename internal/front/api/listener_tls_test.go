package api

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/front/certificate/certificatetest"
)

// secured is an HTTPS server that answers by the protocol of the request.
type secured struct {
	address string
	client  *tls.Config
	log     bytes.Buffer
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
	listener := TLSListener(raw, certificateOf(t, authority), 100, slog.New(slog.NewTextHandler(&s.log, nil)))
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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

// dial connects with a protocol of ALPN, or none.
func (s *secured) dial(t *testing.T, protocols ...string) *tls.Conn {
	t.Helper()
	config := s.client.Clone()
	config.NextProtos = protocols
	// Less than a client waits that has to wait for another's handshake.
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: handshakeTime / 2}, "tcp", s.address, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn
}

// refused fails unless the answer is the API's own form of error.
func refused(t *testing.T, from io.Reader, message string) {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(from), nil)
	if err != nil {
		t.Fatal(err)
	}
	var body errorBody
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != 400 || !strings.Contains(body.Message, message) || body.RequestID == "" || body.RequestID != response.Header.Get("X-Request-Id") {
		t.Errorf("%d %+v", response.StatusCode, body)
	}
}

func TestTheServersOwnErrorsByTLS(t *testing.T) {
	s := newSecured(t)
	for _, protocols := range [][]string{nil, {"http/1.1"}, {"x", "http/1.1"}} {
		conn := s.dial(t, protocols...)
		if _, err := io.WriteString(conn, "nonsense\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		refused(t, conn, "not well-formed")
		if rest, err := io.ReadAll(conn); err != nil || len(rest) > 0 {
			t.Errorf("after the answer: %q, %v", rest, err)
		}
	}
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

// Who speaks HTTP to a port of HTTPS is told, and can say the rest: else it
// might never read the answer.
func TestHTTPInsteadOfHTTPS(t *testing.T) {
	s := newSecured(t)
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	refused(t, conn, "https://")
	for range 100 {
		if _, err := io.WriteString(conn, strings.Repeat("x", 1000)); err != nil {
			t.Fatalf("the rest of the request: %v", err)
		}
	}
}

// Clients that fail to shake hands, or don't try, keep nobody else waiting, say
// nothing in the log of a server that is not debugged, and are gone with it.
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
	began := time.Now()
	s.end()
	s.end = func() {}
	if took := time.Since(began); took > handshakeTime/2 {
		t.Errorf("closing took %s", took)
	}
	for i, conn := range waiting {
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("client %d: %v", i, err)
		}
	}
	if s.log.Len() > 0 {
		t.Errorf("the log: %s", &s.log)
	}
}

// A client that does not finish its handshake is dropped.
func TestHandshakesEnd(t *testing.T) {
	config := certificateOf(t, certificatetest.NewAuthority(t))
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		l := TLSListener(&oneConn{conn: ours, closed: make(chan struct{})}, config, 100, slog.New(slog.DiscardHandler))
		defer l.Close()
		began := time.Now()
		if _, err := theirs.Write([]byte("\x16\x03\x01\x02")); err != nil {
			t.Fatal(err)
		}
		_, err := theirs.Read(make([]byte, 1))
		if took := time.Since(began); err != io.EOF || took != handshakeTime {
			t.Errorf("%v after %s", err, took)
		}
	})
}

// oneConn is a listener with one connection.
type oneConn struct {
	net.Listener
	conn   net.Conn
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *oneConn) Close() error { close(l.closed); return nil }
