package api

import (
	"errors"
	"io"
	"time"

	"golang.org/x/sys/unix"
)

// mayBeCloseNotify reports whether the write that begins may be the server's
// close_notify in reply to the client's. While no request is under way and the
// last read was not of a request, TLS writes only that and the reply to a KeyUpdate
// (RFC 8446, section 4.6.3). That reply may wait like a close_notify.
func (info *connInfo) mayBeCloseNotify() bool {
	info.mu.Lock()
	defer info.mu.Unlock()
	return info.idle && !info.reading && info.readErr == nil && !info.ended
}

// tcpEndWait is how long awaitEnd waits for the end of TCP after that of TLS.
const tcpEndWait = time.Second

// awaitEnd waits until a client that has ended TLS has ended TCP as well, or has
// sent more. How it ends TCP shows whether it has read everything. The server must
// not send its close_notify before: the kernel of a client that has closed the
// connection answers it with a reset, even if the client has read everything.
func (info *connInfo) awaitEnd() {
	info.beginWait(time.Now().Add(tcpEndWait))
	err := info.peek()
	info.endWait()
	info.endRead(err)
}

// setReadDeadline sets the server's deadline of reads. During awaitEnd it takes
// effect at the end of the wait.
func (info *connInfo) setReadDeadline(deadline time.Time) error {
	info.mu.Lock()
	defer info.mu.Unlock()
	info.readDeadline = deadline
	if info.waiting {
		return nil
	}
	return info.conn.SetReadDeadline(deadline)
}

// beginWait replaces the server's deadline of reads, until endWait.
func (info *connInfo) beginWait(end time.Time) {
	info.mu.Lock()
	defer info.mu.Unlock()
	info.waiting = true
	_ = info.conn.SetReadDeadline(end)
}

// endWait restores the server's deadline of reads. Without it, a client could send
// a KeyUpdate and then keep the connection for ever.
func (info *connInfo) endWait() {
	info.mu.Lock()
	defer info.mu.Unlock()
	info.waiting = false
	_ = info.conn.SetReadDeadline(info.readDeadline)
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
