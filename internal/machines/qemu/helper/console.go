package helper

import (
	"io"
	"net"
	"sync"
	"time"
)

const (
	// inputPatience is how long the guest may take to accept typed keys.
	inputPatience = time.Second
	// outputPatience is how long the client may take to accept the guest's output.
	outputPatience = time.Second
	// staleOutputPatience replaces outputPatience once the client has exceeded it.
	staleOutputPatience = time.Millisecond
)

// console is a guest's serial port, as the keeper has it. Its Read returns what
// the guest writes and copies it to the client, if one is connected. A client
// that does not read loses output; the log does not.
type console struct {
	port net.Conn

	mu     sync.Mutex
	client net.Conn // nil: none is connected
	stale  bool     // the client has exceeded outputPatience
}

func newConsole(port net.Conn) *console { return &console{port: port} }

func (c *console) Read(p []byte) (int, error) {
	n, err := c.port.Read(p)
	if n > 0 {
		c.copyOutput(p[:n])
	}
	if err != nil {
		c.disconnect()
	}
	return n, err
}

// disconnect closes the client's connection, because the guest has ended.
func (c *console) disconnect() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client != nil {
		c.client.Close()
	}
}

func (c *console) copyOutput(text []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.client == nil {
		return
	}
	patience := outputPatience
	if c.stale {
		patience = staleOutputPatience
	}
	_ = c.client.SetWriteDeadline(time.Now().Add(patience)) // fails as Write does
	_, err := c.client.Write(text)
	c.stale = err != nil
}

// serve serves one client after the other, until accepting fails.
func (c *console) serve(clients net.Listener) {
	defer clients.Close() // so that the next is rejected and does not wait
	for {
		client, err := clients.Accept()
		if err != nil {
			return
		}
		c.setClient(client)
		c.copyInput(client)
		c.setClient(nil)
		client.Close()
	}
}

func (c *console) setClient(client net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.client, c.stale = client, false
}

// copyInput copies what the client types to the guest until the client leaves.
// Input that the guest does not accept in time is lost, as on any serial line.
// Otherwise copyInput would wait for the guest and not see the client leave.
func (c *console) copyInput(client io.Reader) {
	keys := make([]byte, 1024)
	for {
		n, err := client.Read(keys)
		if n > 0 {
			_ = c.port.SetWriteDeadline(time.Now().Add(inputPatience)) // fails as Write does
			_, _ = c.port.Write(keys[:n])
		}
		if err != nil {
			return
		}
	}
}
