package api

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// line is what the server knows of the connection that requests come by: how
// much of its answers the client's kernel has acknowledged, and how it ended.
type line struct {
	conn  *net.TCPConn
	crowd *crowd // that it is in

	mu      sync.Mutex
	arrived int   // how often the client has sent something
	written int64 // bytes that were sent to it
	writing bool  // a write has begun and not returned
	amid    bool  // the end came while one was
	ended   bool  // the client sends no more
	broken  bool  // by a reset
	heard   int64 // bytes that were acknowledged when it ended
}

type lineKey struct{}

// ConnContext is for http.Server: it lets the API look at the connection that a
// request came by, if a listener of this package has accepted it.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	l := lineOf(c)
	if l == nil {
		return ctx
	}
	return context.WithValue(ctx, lineKey{}, l)
}

func lineOf(c net.Conn) *line {
	switch c := c.(type) {
	case connection:
		return c.line
	case tlsConnection:
		return lineOf(c.NetConn())
	}
	return nil // of HTTP/2, where many requests share a connection
}

// onLine returns the line that a request came by, nil if it can't be looked at.
func onLine(ctx context.Context) *line {
	l, _ := ctx.Value(lineKey{}).(*line)
	return l
}

// came notes what a read of the connection has returned: more of what the
// client says, or an error.
func (l *line) came(more bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if more {
		l.arrived++
	}
	switch {
	case errors.Is(err, io.EOF):
		l.end(false)
	case isReset(err):
		l.end(true)
	}
}

// goes notes that a write begins, went what it has returned.
func (l *line) goes() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writing = true
}

func (l *line) went(n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writing = false
	l.written += int64(n)
	if isReset(err) {
		l.end(true)
	}
	if l.amid { // the client has ended before it, or because it has read it
		l.amid = false
		l.heard = l.written - l.look().unheard
	}
}

// closes notes that the server is about to close the connection.
func (l *line) closes() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end(false)
}

// end notes how the connection has ended. What comes later is of what was sent
// to a client that had gone.
func (l *line) end(broken bool) {
	if l.ended {
		return
	}
	state := l.look()
	l.broken = l.broken || broken
	l.ended, l.amid, l.heard = true, l.writing, l.written-state.unheard
}

// closing is how soon the end of a connection follows the client's word that it
// sends no more.
const closing = 100 * time.Millisecond

// awaitEnd is called when a client has said by TLS that it sends no more. Only
// the end of the connection below tells whether it has read all; it has to be
// seen before TLS sends its own last word, which a client that has gone answers
// with a reset.
func (l *line) awaitEnd() {
	end := time.Now().Add(closing)
	err := os.ErrDeadlineExceeded
	// The server sets a deadline of its own, one that has passed, to end a read
	// when a handler has returned: that is no end of the connection.
	for errors.Is(err, os.ErrDeadlineExceeded) && time.Now().Before(end) {
		_ = l.conn.SetReadDeadline(end)
		_, err = l.conn.Read(make([]byte, 1))
	}
	_ = l.conn.SetReadDeadline(time.Time{})
	if !isReset(err) {
		err = io.EOF
	}
	l.came(false, err)
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ETIMEDOUT)
}

// kernelState is what the kernel knows of a connection.
type kernelState struct {
	open    bool  // the client may still send
	unheard int64 // bytes that were written but not acknowledged
}

// look asks the kernel, which knows of an end before the goroutine that reads
// does. Of a reset it tells only once.
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
			s.unheard = int64(queued)
		}
	})
	return s
}

// fate is what has become of an answer.
type fate int

const (
	underWay fate = iota // to the client
	reached              // the client, which is there and may read it
	heard
	lost // the client went away without it
)

// answered is an answer on its way over a line.
type answered struct {
	line    *line
	arrived int   // how often the client had sent something before it
	end     int64 // of what was written, with it
}

// begin is called before an answer is written, done when it has been.
func (l *line) begin() answered {
	l.mu.Lock()
	defer l.mu.Unlock()
	return answered{line: l, arrived: l.arrived}
}

func (a *answered) done() {
	a.line.mu.Lock()
	defer a.line.mu.Unlock()
	a.end = a.line.written
}

// fate tells what has become of the answer. A client that has sent more, or has
// ended the connection in order after all of the answer had reached it, has
// heard it. One whose end came before the answer, or that broke the connection,
// which kernels do for who leaves an answer unread, has not.
func (a answered) fate() fate {
	l := a.line
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.arrived > a.arrived {
		return heard
	}
	if !l.ended {
		state := l.look()
		if l.broken {
			return lost
		}
		// Of an end that the kernel knows, who reads the connection is about to
		// say which it was.
		if !state.open || l.written-state.unheard < a.end {
			return underWay
		}
		return reached
	}
	if l.broken || l.heard < a.end {
		return lost
	}
	return heard
}

// isHeard reports whether the answer's fate is heard, without asking the kernel.
func (a answered) isHeard() bool {
	l := a.line
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.arrived > a.arrived || l.ended && !l.broken && l.heard >= a.end
}

// left reports whether the client has gone, also if who reads the connection
// has not noticed yet.
func (l *line) left() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended || !l.look().open
}
