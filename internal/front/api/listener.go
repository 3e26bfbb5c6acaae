package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"github.com/rockpool-cloud/rockpool/internal/front/httperr"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// Listener gives what Go's HTTP server answers by itself, to requests that it
// can't read, the form of the API's other errors. The server writes those
// answers to the connection as plain text, before any handler is asked. It has
// no more than most connections open.
func Listener(l net.Listener, most int) net.Listener { return listener{l, newCrowd(most)} }

type listener struct {
	net.Listener
	crowd *crowd
}

func (l listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		tcp, ok := c.(*net.TCPConn)
		if !ok {
			return c, err
		}
		if connection := newConnection(tcp, l.crowd, true); l.crowd.enter(connection.line) {
			return connection, nil
		}
		_ = tcp.Close()
	}
}

// connection is a TCP connection with all that the server wants of one.
type connection struct {
	*net.TCPConn
	line  *line
	plain bool // HTTP goes over it as it is
}

func newConnection(tcp *net.TCPConn, in *crowd, plain bool) connection {
	return connection{tcp, &line{conn: tcp, crowd: in}, plain}
}

func (c connection) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	c.line.came(n > 0 && c.plain, err)
	return n, err
}

func (c connection) Write(p []byte) (n int, err error) {
	c.line.goes()
	if c.plain {
		n, err = write(c.TCPConn, p)
	} else {
		n, err = c.TCPConn.Write(p)
	}
	c.line.went(n, err)
	return n, err
}

// ReadFrom is Write of what is read from r.
func (c connection) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{c}, r)
}

func (c connection) Close() error {
	c.line.closes()
	c.line.crowd.leave(c.line)
	return c.TCPConn.Close()
}

// write writes p, or what stands in its place.
func write(w io.Writer, p []byte) (int, error) {
	refused := refusal(p)
	if refused == nil {
		return w.Write(p)
	}
	if _, err := w.Write(refused); err != nil {
		return 0, err
	}
	return len(p), nil
}

// plainHeaders are the headers of nearly every answer that the server gives by
// itself. No handler's answer has these alone.
const plainHeaders = "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"

// refusal returns what to write in the place of p, if p is an answer of the
// server's own; else nil.
func refusal(p []byte) []byte {
	line, after, _ := bytes.Cut(p, []byte("\r\n"))
	text, ok := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
	if !ok || len(text) < 3 {
		return nil
	}
	status, err := strconv.Atoi(string(text[:3]))
	if err != nil || !bytes.HasPrefix(after, []byte(plainHeaders)) && status != http.StatusExpectationFailed {
		return nil
	}
	switch status {
	case http.StatusBadRequest:
		return refuse(apierr.BadRequest("The request is not well-formed HTTP."))
	case http.StatusExpectationFailed: // of which the API itself makes no use
		return refuse(apierr.ExpectationFailed())
	case http.StatusRequestHeaderFieldsTooLarge:
		return refuse(apierr.HeadersTooLarge())
	// What only the client can mend is no fault of the server, so no 5xx.
	case http.StatusNotImplemented:
		return refuse(apierr.BadRequest("Transfer-Encoding: only chunked is supported."))
	case http.StatusHTTPVersionNotSupported:
		return refuse(apierr.BadRequest("The version of HTTP is not supported; send HTTP/1.1."))
	}
	return nil
}

func refuse(e *apierr.Error) []byte {
	answer := httperr.Of(e.Kind)
	id := uuid.NewString()
	text, _ := json.Marshal(errorBody{ID: answer.ID, Message: e.Message, RequestID: id}) // strings always can be encoded
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: application/json; charset=utf-8\r\nConnection: close\r\n"+
		"X-Request-Id: %s\r\nContent-Length: %d\r\n\r\n%s\n", answer.Status, http.StatusText(answer.Status), id, len(text)+1, text)
}
