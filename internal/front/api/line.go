package api

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// line is what the server knows of a client's TCP connection: how many of the
// bytes sent to the client its kernel has acknowledged, and how the connection
// has ended.
type line struct {
	conn  *net.TCPConn
	crowd *crowd // that it is in

	mu       sync.Mutex
	requests int   // that the client has begun to send
	idle     bool  // no request is under way
	reading  bool  // a read is under way
	readErr  error // of the last read
	written  int64 // bytes that were sent to it
	writing  bool  // a write is under way
	amid     bool  // the end came during one
	ended    bool  // the client sends no more
	broken   bool  // by a reset
	acked    int64 // bytes that were acknowledged when it ended
}

type lineKey struct{}

// ConnContext is for http.Server: it puts the line of a connection that a
// listener of this package has accepted into the context of its requests.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	l := lineOf(c)
	if l == nil {
		return ctx
	}
	return context.WithValue(ctx, lineKey{}, l)
}

// lineOf returns the line of a connection, nil if no listener of this package
// has accepted it.
func lineOf(c net.Conn) *line {
	switch c := c.(type) {
	case connection:
		return c.line
	case *tls.Conn:
		return lineOf(c.NetConn())
	}
	return nil
}

// requestLine returns the line that a request came by. It is nil for HTTP/2,
// where many requests share a connection.
func requestLine(r *http.Request) *line {
	if r.ProtoMajor != 1 {
		return nil
	}
	l, _ := r.Context().Value(lineKey{}).(*line)
	return l
}

// turns notes that a request has begun, or that none of HTTP/1 is under way any
// more.
func (l *line) turns(idle bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle = idle
	if !idle {
		l.requests++
	}
}

// beginRead notes that a read begins, endRead what it has returned.
func (l *line) beginRead() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reading = true
}

func (l *line) endRead(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reading, l.readErr = false, err
	switch {
	case errors.Is(err, io.EOF):
		l.end(false)
	case isReset(err):
		l.end(true)
	}
}

// beginWrite notes that a write begins, endWrite what it has returned.
func (l *line) beginWrite() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writing = true
}

func (l *line) endWrite(n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writing = false
	l.written += int64(n)
	if isReset(err) {
		l.end(true)
	}
	if l.amid { // the client has ended before it, or because it has read it
		l.amid = false
		l.acked = l.written - l.look().unacked
	}
}

// close notes that the server is about to close the connection.
func (l *line) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end(false)
}

// end notes how the connection has ended. What is acknowledged later was not
// read by the client.
func (l *line) end(broken bool) {
	if l.ended {
		return
	}
	state := l.look()
	l.broken = l.broken || broken
	l.ended, l.amid, l.acked = true, l.writing, l.written-state.unacked
}

// isReset reports whether err says that the client has broken the connection.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ETIMEDOUT)
}

// kernelState is what the kernel knows of a connection.
type kernelState struct {
	open    bool  // the client may still send
	unacked int64 // bytes that were written but not acknowledged
}

// look asks the kernel, which knows of an end before the goroutine that reads
// does. The kernel reports a reset only once.
func (l *line) look() (s kernelState) {
	raw, err := l.conn.SyscallConn()
	if err != nil {
		return s
	}
	_ = raw.Control(func(fd uintptr) { // not of a connection that is closed
		if code, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR); err == nil {
			l.broken = l.broken || code != 0
		}
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			s.open = info.State == unix.BPF_TCP_ESTABLISHED
		}
		if queued, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
			s.unacked = int64(queued)
		}
	})
	return s
}
