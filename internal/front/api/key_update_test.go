package api

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"testing"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/rockpool-cloud/rockpool/internal/front/certificate/certificatetest"
)

// A client that sends a TLS 1.3 KeyUpdate does not escape the server's time limits:
// that of an idle connection, and that of a request's header.
func TestKeyUpdateKeepsTheReadDeadline(t *testing.T) {
	for name, test := range map[string]struct {
		header string // what the client sends of the next request before the KeyUpdate
		limits func(s *http.Server, limit time.Duration)
	}{
		"idle":          {"", func(s *http.Server, limit time.Duration) { s.IdleTimeout = limit }},
		"half a header": {"GET / HTTP/1.1\r\nHo", func(s *http.Server, limit time.Duration) { s.ReadHeaderTimeout = limit }},
	} {
		t.Run(name, func(t *testing.T) {
			// On a busy machine the limit may pass before the KeyUpdate arrives.
			for limit := 100 * time.Millisecond; ; limit *= 2 {
				if keyUpdateIsAnswered(t, test.header, func(s *http.Server) { test.limits(s, limit) }) {
					return
				}
			}
		})
	}
}

// keyUpdateIsAnswered sends a request, the beginning of another one, and a
// KeyUpdate. It reports whether the server has answered the KeyUpdate, and fails
// the test unless the server then ends the connection. The limits apply after the
// first request.
func keyUpdateIsAnswered(t *testing.T, header string, limits func(*http.Server)) bool {
	t.Helper()
	authority := certificatetest.NewAuthority(t)
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ConnState: ConnState, IdleTimeout: time.Hour}
	server.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { limits(server) })
	go server.Serve(TLSListener(raw, certificateOf(t, authority), 100))
	defer server.Close()

	tcp, err := net.Dial("tcp", raw.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	_ = tcp.SetDeadline(time.Now().Add(10 * time.Second))
	var secrets bytes.Buffer
	client := tls.Client(tcp, &tls.Config{RootCAs: authority.Pool, ServerName: certificatetest.Name, KeyLogWriter: &secrets})
	if _, err := io.WriteString(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if response, err := http.ReadResponse(bufio.NewReader(client), nil); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("the first request: %v", err)
	}
	sent := uint64(1) // records that the client has sent with its present key
	if header != "" {
		_, _ = io.WriteString(client, header)
		sent++
	}
	_, _ = tcp.Write(keyUpdate(t, client.ConnectionState().CipherSuite, secrets.String(), sent))
	answer, err := io.ReadAll(tcp)
	if os.IsTimeout(err) {
		t.Fatal("the server does not end the connection")
	}
	// A KeyUpdate is a record of 22 bytes, a close_notify one of 19.
	return len(answer) > 5 && binary.BigEndian.Uint16(answer[3:5]) == 22
}

// keyUpdate returns a record with a KeyUpdate that requests one of the server (RFC
// 8446, section 4.6.3). Go's TLS client can't send one.
func keyUpdate(t *testing.T, suite uint16, secrets string, sequence uint64) []byte {
	t.Helper()
	found := regexp.MustCompile(`CLIENT_TRAFFIC_SECRET_0 \S+ (\S+)`).FindStringSubmatch(secrets)
	secret, err := hex.DecodeString(found[1])
	if err != nil {
		t.Fatal(err)
	}
	var aead cipher.AEAD
	switch suite {
	case tls.TLS_AES_128_GCM_SHA256:
		block, err := aes.NewCipher(expand(t, secret, "key", 16))
		if err != nil {
			t.Fatal(err)
		}
		aead, err = cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
	case tls.TLS_CHACHA20_POLY1305_SHA256:
		if aead, err = chacha20poly1305.New(expand(t, secret, "key", chacha20poly1305.KeySize)); err != nil {
			t.Fatal(err)
		}
	default:
		t.Fatalf("Go prefers %s", tls.CipherSuiteName(suite))
	}
	nonce := expand(t, secret, "iv", aead.NonceSize())
	last := nonce[len(nonce)-8:]
	binary.BigEndian.PutUint64(last, binary.BigEndian.Uint64(last)^sequence)
	message := []byte{24, 0, 0, 1, 1, 22} // key_update, its length, update_requested; the type of the record
	head := []byte{23, 3, 3, 0, byte(len(message) + aead.Overhead())}
	return aead.Seal(head, nonce, message, head)
}

// expand is HKDF-Expand-Label with an empty context (RFC 8446, section 7.1).
func expand(t *testing.T, secret []byte, label string, length int) []byte {
	t.Helper()
	label = "tls13 " + label
	key, err := hkdf.Expand(sha256.New, secret, fmt.Sprintf("\x00%c%c%s\x00", length, len(label), label), length)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
