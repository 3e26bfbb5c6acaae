package api

import (
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// isCloseNotify reports whether the write that begins is the server's close_notify
// in reply to the client's. TLS writes nothing else while no request is under way
// and the last read was not of a request.
func (info *connInfo) isCloseNotify() bool {
	info.mu.Lock()
	defer info.mu.Unlock()
	return info.idle && !info.reading && info.readErr == nil && !info.ended
}

// tcpEndWait is how long awaitEnd waits for the end of TCP after that of TLS.
const tcpEndWait = 100 * time.Millisecond

// awaitEnd waits until a client that has ended TLS has ended TCP as well. How it
// ends TCP shows whether it has read everything. The server must not send its
// close_notify before: the kernel of a client that has closed the connection
// answers it with a reset, even if the client has read everything.
func (info *connInfo) awaitEnd() {
	end := time.Now().Add(tcpEndWait)
	err := os.ErrDeadlineExceeded
	// The server ends its own reads by deadlines in the past. That is not the
	// end of the connection.
	for errors.Is(err, os.ErrDeadlineExceeded) && time.Now().Before(end) {
		_ = info.conn.SetReadDeadline(end)
		err = info.peek()
	}
	_ = info.conn.SetReadDeadline(time.Time{})
	info.endRead(err)
}

// peek waits until there is something to read, but does not read it. It returns
// the error that a read would return.
func (info *connInfo) peek() error {
	raw, err := info.conn.SyscallConn()
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
