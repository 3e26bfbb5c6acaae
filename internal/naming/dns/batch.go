package dns

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/answer"
)

const (
	batchSize   = 64   // messages
	longestUDP  = 2048 // that is read; what is longer is malformed as it is cut
	controlSize = 64   // of the address that a message came to

	// While messages come in quick succession it is cheaper to let some of them
	// gather than to be woken for each: waking costs more than answering.
	succession = 200 * time.Microsecond
	nap        = 20 * time.Microsecond // to which the kernel adds about 50
)

// batch reads and writes up to batchSize messages by one call (recvmmsg(2),
// sendmmsg(2)). The buffers are made once. The calls, and the nap, are raw: none
// of them waits for others, and what Go's scheduler does for calls that may is
// dearer than they are.
type batch struct {
	raw     syscall.RawConn
	in, out [batchSize]mmsghdr
	answers int       // in out
	at      time.Time // of the latest receive
	quick   bool      // it came soon after the one before

	data     [batchSize][longestUDP]byte
	answer   [batchSize][answer.MaxUDP]byte
	names    [batchSize]unix.RawSockaddrAny
	controls [batchSize][controlSize]byte
	vectors  [2 * batchSize]unix.Iovec

	result    int
	errno     syscall.Errno
	recv, snd func(fd uintptr) bool // made once: they would be garbage each time
	sent      int
}

// mmsghdr is struct mmsghdr.
type mmsghdr struct {
	header unix.Msghdr
	length uint32
}

func newBatch(conn *net.UDPConn) (*batch, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	b := &batch{raw: raw}
	b.recv, b.snd = b.recvmmsg, b.sendmmsg
	for i := range b.in {
		in := &b.vectors[i]
		in.Base = &b.data[i][0]
		in.SetLen(longestUDP)
		b.in[i].header.Iov = in
		b.in[i].header.SetIovlen(1)
		b.in[i].header.Name = (*byte)(unsafe.Pointer(&b.names[i]))
		b.in[i].header.Control = &b.controls[i][0]
		b.out[i].header.Iov = &b.vectors[batchSize+i]
		b.out[i].header.SetIovlen(1)
	}
	b.reset(batchSize)
	return b, nil
}

// reset makes the first n messages ready to be read to.
func (b *batch) reset(n int) {
	for i := range n {
		b.in[i].header.Namelen = unix.SizeofSockaddrAny
		b.in[i].header.SetControllen(controlSize)
	}
}

// receive waits for messages and returns how many there are.
func (b *batch) receive() (int, error) {
	b.reset(b.result)
	b.result, b.answers = 0, 0
	if err := b.raw.Read(b.recv); err != nil {
		return 0, err
	}
	if b.errno != 0 {
		return 0, os.NewSyscallError("recvmmsg", b.errno)
	}
	now := time.Now()
	b.at, b.quick = now, now.Sub(b.at) < succession
	return b.result, nil
}

func (b *batch) recvmmsg(fd uintptr) bool {
	n, errno := b.poll(fd)
	if errno == unix.EAGAIN && b.quick {
		b.quick = false
		pause := unix.Timespec{Nsec: int64(nap)}
		_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&pause)), 0, 0)
		n, errno = b.poll(fd)
	}
	if errno == unix.EAGAIN {
		return false
	}
	b.result, b.errno = int(n), errno
	if errno != 0 {
		b.result = 0
	}
	return true
}

func (b *batch) poll(fd uintptr) (uintptr, syscall.Errno) {
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&b.in[0])), batchSize, unix.MSG_DONTWAIT, 0, 0)
		if errno != unix.EINTR { // to wait for the next message would leave those that are there
			return n, errno
		}
	}
}

// message returns the i'th message and who sent it.
func (b *batch) message(i int) ([]byte, netip.AddrPort) {
	m := &b.in[i]
	return b.data[i][:min(m.length, longestUDP)], addrPort(&b.names[i])
}

// room returns where the next answer may be written.
func (b *batch) room() []byte { return b.answer[b.answers][:0] }

// add adds an answer, which is in room, to the i'th message.
func (b *batch) add(i int, answer []byte) {
	out := &b.out[b.answers]
	b.address(&out.header, i, answer)
	b.answers++
}

// address makes a header send an answer to where the i'th message came from,
// from where it went to.
func (b *batch) address(h *unix.Msghdr, i int, answer []byte) {
	h.Name, h.Namelen = b.in[i].header.Name, b.in[i].header.Namelen
	h.Iov.Base = &answer[0]
	h.Iov.SetLen(len(answer))
	h.Control, h.Controllen = nil, 0
	if b.in[i].header.Controllen > 0 {
		h.Control, h.Controllen = b.in[i].header.Control, b.in[i].header.Controllen
		anyInterface(b.controls[i][:h.Controllen])
	}
}

// send sends the answers. One that can't be sent is left out; the client asks
// again.
func (b *batch) send() {
	for b.sent = 0; b.sent < b.answers; {
		if b.raw.Write(b.snd) != nil {
			return
		}
	}
}

func (b *batch) sendmmsg(fd uintptr) bool {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&b.out[b.sent])), uintptr(b.answers-b.sent), unix.MSG_DONTWAIT, 0, 0)
	switch {
	case errno == unix.EAGAIN:
		return false
	case errno == unix.EINTR:
		return true
	case errno != 0:
		b.sent++ // the first one failed
	default:
		b.sent += int(n)
	}
	return true
}

// writer returns how to answer the i'th message later.
func (b *batch) writer(i int) func([]byte) error {
	name, length := b.names[i], b.in[i].header.Namelen
	control := slices.Clone(b.controls[i][:b.in[i].header.Controllen])
	anyInterface(control)
	return func(answer []byte) error {
		vector := unix.Iovec{Base: &answer[0]}
		vector.SetLen(len(answer))
		header := unix.Msghdr{Name: (*byte)(unsafe.Pointer(&name)), Namelen: length, Iov: &vector}
		header.SetIovlen(1)
		if len(control) > 0 {
			header.Control = &control[0]
			header.SetControllen(len(control))
		}
		var errno syscall.Errno
		err := b.raw.Write(func(fd uintptr) bool {
			_, _, errno = unix.Syscall(unix.SYS_SENDMSG, fd, uintptr(unsafe.Pointer(&header)), unix.MSG_DONTWAIT)
			return errno != unix.EAGAIN
		})
		if err == nil && errno != 0 {
			err = os.NewSyscallError("sendmsg", errno)
		}
		return err
	}
}
