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
	"time"

	"golang.org/x/sys/unix"
)

// connInfo is what the server knows of a client's TCP connection: how many bytes
// the client's kernel has acknowledged, and how the connection has ended. From it
// follows whether the client has received an answer (see fate).
type connInfo struct {
	conn  *net.TCPConn
	limit *connLimit // that counts it

	mu           sync.Mutex
	requests     int   // number of requests that the client has begun to send
	idle         bool  // no request is under way
	reading      bool  // a read is under way
	readErr      error // of the last read
	written      int64 // bytes written to the connection
	writing      bool  // a write is under way
	endedInWrite bool  // the connection ended while a write was under way
	ended        bool  // the client sends no more
	broken       bool  // it ended by a reset
	acked        int64 // bytes that the client had acknowledged when it ended

	readDeadline time.Time // that the server has set; zero if none
	waiting      bool      // awaitEnd uses the deadline of reads
}

type connInfoKey struct{}

// ConnContext is for http.Server. For a connection that a listener of this
// package has accepted, it puts the connInfo into the context of its requests.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	info := connInfoOf(c)
	if info == nil {
		return ctx
	}
	return context.WithValue(ctx, connInfoKey{}, info)
}

// connInfoOf returns the connInfo of a connection; nil if no listener of this
// package has accepted the connection.
func connInfoOf(c net.Conn) *connInfo {
	switch c := c.(type) {
	case connection:
		return c.info
	case *tls.Conn:
		return connInfoOf(c.NetConn())
	}
	return nil
}

// requestConnInfo returns the connInfo of the connection that a request came by.
// It is nil for HTTP/2, where many requests share a connection.
func requestConnInfo(r *http.Request) *connInfo {
	if r.ProtoMajor != 1 {
		return nil
	}
	info, _ := r.Context().Value(connInfoKey{}).(*connInfo)
	return info
}

// setIdle records that a request has begun, or that no request of HTTP/1 is under
// way any more.
func (info *connInfo) setIdle(idle bool) {
	info.mu.Lock()
	defer info.mu.Unlock()
	info.idle = idle
	if !idle {
		info.requests++
	}
}

// beginRead records that a read begins.
func (info *connInfo) beginRead() {
	info.mu.Lock()
	defer info.mu.Unlock()
	info.reading = true
}

// endRead records what a read has returned.
func (info *connInfo) endRead(err error) {
	info.mu.Lock()
	defer info.mu.Unlock()
	info.reading, info.readErr = false, err
	switch {
	case errors.Is(err, io.EOF):
		info.end(false)
	case isReset(err):
		info.end(true)
	}
}

// beginWrite records that a write begins.
func (info *connInfo) beginWrite() {
	info.mu.Lock()
	defer info.mu.Unlock()
	info.writing = true
}

// endWrite records what a write has returned.
func (info *connInfo) endWrite(n int, err error) {
	info.mu.Lock()
	defer info.mu.Unlock()
	info.writing = false
	info.written += int64(n)
	if isReset(err) {
		info.end(true)
	}
	if info.endedInWrite { // before the client received what was written, or because it did
		info.endedInWrite = false
		info.acked = info.written - info.askKernel().unacked
	}
}

// close records that the server is about to close the connection.
func (info *connInfo) close() {
	info.mu.Lock()
	defer info.mu.Unlock()
	info.end(false)
}

// end records how the connection has ended. The client has not read what its
// kernel acknowledges later.
func (info *connInfo) end(broken bool) {
	if info.ended {
		return
	}
	state := info.askKernel()
	info.broken = info.broken || broken
	info.ended, info.endedInWrite, info.acked = true, info.writing, info.written-state.unacked
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

// askKernel asks the kernel, which knows of an end before the goroutine that
// reads does. The kernel reports a reset only once, so askKernel sets broken.
func (info *connInfo) askKernel() (s kernelState) {
	raw, err := info.conn.SyscallConn()
	if err != nil {
		return s
	}
	_ = raw.Control(func(fd uintptr) { // fails if the connection is closed
		if code, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR); err == nil {
			info.broken = info.broken || code != 0
		}
		if tcp, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			s.open = tcp.State == unix.BPF_TCP_ESTABLISHED
		}
		if queued, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
			s.unacked = int64(queued)
		}
	})
	return s
}
