package helper

import (
	"io"
	"net"
	"sync"
	"time"
)

const (
	// typingPatience is how long typed keys wait for a guest that does not read.
	typingPatience = time.Second
	// showingPatience is how long a guest waits for a visitor who does not read.
	showingPatience = time.Second
	// staleShowing is the same once a visitor has not read for showingPatience.
	staleShowing = time.Millisecond
)

// console is a guest's serial port as the keeper of its log has it. Its Read
// returns what the guest writes, and shows it to the visitor if there is one. A
// visitor who does not read misses output, and the log does not.
type console struct {
	port net.Conn

	mu      sync.Mutex
	visitor net.Conn // nil: nobody is there
	stale   bool     // the visitor has not read for showingPatience
}

func newConsole(port net.Conn) *console { return &console{port: port} }

func (c *console) Read(p []byte) (int, error) {
	n, err := c.port.Read(p)
	if n > 0 {
		c.show(p[:n])
	}
	if err != nil {
		c.dismiss()
	}
	return n, err
}

// dismiss sends the visitor away, as the guest has ended.
func (c *console) dismiss() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.visitor != nil {
		c.visitor.Close()
	}
}

func (c *console) show(text []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.visitor == nil {
		return
	}
	patience := showingPatience
	if c.stale {
		patience = staleShowing
	}
	_ = c.visitor.SetWriteDeadline(time.Now().Add(patience)) // fails as Write does
	_, err := c.visitor.Write(text)
	c.stale = err != nil
}

// receive serves one visitor after the other, until accepting fails.
func (c *console) receive(visits net.Listener) {
	defer visits.Close() // so that the next is refused and does not wait
	for {
		visitor, err := visits.Accept()
		if err != nil {
			return
		}
		c.seat(visitor)
		c.pass(visitor)
		c.seat(nil)
		visitor.Close()
	}
}

func (c *console) seat(visitor net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.visitor, c.stale = visitor, false
}

// pass carries what the visitor types to the guest until the visitor leaves.
// What the guest does not take in time is lost, as on any serial line: else
// nobody would see that the visitor has left.
func (c *console) pass(visitor io.Reader) {
	keys := make([]byte, 1024)
	for {
		n, err := visitor.Read(keys)
		if n > 0 {
			_ = c.port.SetWriteDeadline(time.Now().Add(typingPatience)) // fails as Write does
			_, _ = c.port.Write(keys[:n])
		}
		if err != nil {
			return
		}
	}
}
