package api

import (
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// isFarewell reports whether a write is the server's close_notify in reply to
// the client's. TLS has nothing else to write when no request is under way and
// what came last from the client was not a request either.
func (l *line) isFarewell() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.idle && !l.reading && l.readErr == nil && !l.ended
}

// closing is how soon the end of TCP follows that of TLS.
const closing = 100 * time.Millisecond

// awaitEnd waits until a client that has ended TLS has ended TCP as well, which
// says whether it has read everything. The server's close_notify has to wait
// for that: a client that has gone answers it with a reset, however much it has
// read.
func (l *line) awaitEnd() {
	end := time.Now().Add(closing)
	err := os.ErrDeadlineExceeded
	// The server ends its own reads by deadlines in the past. That is not the
	// end of the connection.
	for errors.Is(err, os.ErrDeadlineExceeded) && time.Now().Before(end) {
		_ = l.conn.SetReadDeadline(end)
		err = l.peek()
	}
	_ = l.conn.SetReadDeadline(time.Time{})
	l.endRead(err)
}

// peek waits until there is something to be read, and leaves it there. It
// returns what a read would: nil if there is more of what the client sends.
func (l *line) peek() error {
	raw, err := l.conn.SyscallConn()
	if err != nil {
		return err
	}
	var n int
	var peeked error
	err = raw.Read(func(fd uintptr) bool {
		n, _, peeked = unix.Recvfrom(int(fd), make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
		return !errors.Is(peeked, unix.EAGAIN)
	})
	if err != nil {
		return err
	}
	if peeked == nil && n == 0 {
		return io.EOF
	}
	return peeked
}
