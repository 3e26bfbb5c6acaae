package server

import (
	"bytes"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/front/api"
	"github.com/rockpool-cloud/rockpool/internal/front/certificate/certificatetest"
)

// A client that does not finish its TLS handshake is disconnected after the time
// limit of a header. A handshake that fails is not logged at the level Info.
func TestHandshakesThatFail(t *testing.T) {
	for name, test := range map[string]struct {
		sent string
		took time.Duration
	}{
		"stalled":       {"\x16\x03\x01\x02", 10 * time.Second},
		"nothing":       {"", 10 * time.Second},
		"no TLS":        {"\x00\x00\x00\x00\x00", 0},
		"HTTP":          {"GET / HTTP/1.1\r\n\r\n", 0},
		"a fatal alert": {"\x15\x03\x01\x00\x02\x02\x2a", 0},
	} {
		t.Run(name, func(t *testing.T) {
			pair, err := tls.LoadX509KeyPair(certificatetest.NewAuthority(t).Issue(t, t.TempDir(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)))
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				s := &Server{config: Config{Log: NewLogger(&log, slog.LevelInfo)}}
				server := s.HTTPServer(http.NotFoundHandler())
				client, served := net.Pipe()
				conns := make(pipeListener, 1)
				conns <- served
				go server.Serve(api.TLSListener(conns, &tls.Config{Certificates: []tls.Certificate{pair}}, 100))
				began := time.Now()
				go io.WriteString(client, test.sent)
				if _, err := io.Copy(io.Discard, client); err != nil || time.Since(began) != test.took {
					t.Errorf("%v after %s; want %s", err, time.Since(began), test.took)
				}
				_ = server.Close()
				synctest.Wait()
				if log.Len() > 0 {
					t.Errorf("the log: %s", &log)
				}
			})
		})
	}
}

// pipeListener accepts the connections that are sent to it.
type pipeListener chan net.Conn

func (l pipeListener) Accept() (net.Conn, error) {
	conn, ok := <-l
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (l pipeListener) Close() error { close(l); return nil }

func (l pipeListener) Addr() net.Addr { return &net.TCPAddr{} }
