// Package qmp speaks the QEMU Machine Protocol: one JSON object a line over a
// stream socket, as docs/interop/qmp-spec.rst in QEMU's source describes it.
package qmp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

const (
	maxLine      = 16 << 20 // bytes; query-qmp-schema, the longest reply, is below 1 MiB
	writeTimeout = 10 * time.Second
)

// Patience is how long QEMU may take to answer a command. Its main loop answers,
// which the guest's processors and disks do not delay for long. A QEMU that takes
// longer is stopped, or hangs.
const Patience = 10 * time.Second

// ErrSilent means that QEMU lives and did not answer within Patience. It may still
// execute the command.
var ErrSilent = errors.New("QEMU does not answer")

// ErrClosed is in every error that means the connection has ended: by Close,
// by QEMU, or because QEMU sent what is not QMP.
var ErrClosed = errors.New("QMP connection closed")

// Error is QEMU's error answer to a command.
type Error struct {
	Command string
	Class   string // "GenericError", "CommandNotFound", "DeviceNotFound", ...
	Desc    string // for humans
}

func (e *Error) Error() string {
	return fmt.Sprintf("QEMU refused %s: %s", e.Command, e.Desc)
}

// Event is a message of QEMU that is not the answer to a command.
type Event struct {
	Name string // "SHUTDOWN", "RESET", ...
	Data json.RawMessage
}

// Client is one connection. Its methods may be called concurrently.
type Client struct {
	conn   net.Conn
	events chan Event
	queue  chan Event
	done   chan struct{} // closed when reading has ended

	dropped chan struct{} // closed by Close: events are dropped
	closing sync.Once
	writing sync.Mutex

	mu      sync.Mutex
	next    int64
	pending map[int64]chan message
	err     error // why reading ended; set before done is closed
}

// New waits for QEMU's greeting and ends the negotiation, so that commands may
// follow. From then on the client owns conn. If that fails New closes conn.
func New(ctx context.Context, conn net.Conn) (*Client, error) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	c, err := handshake(ctx, conn)
	if !stop() && err == nil {
		c.Close()
		err = context.Cause(ctx)
	}
	if err != nil {
		conn.Close()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("greet QEMU: %w", err)
	}
	return c, nil
}

func handshake(ctx context.Context, conn net.Conn) (*Client, error) {
	lines := newScanner(conn)
	greeting, err := readMessage(lines)
	if err != nil {
		return nil, err
	}
	if greeting.Greeting == nil {
		return nil, fmt.Errorf("%w: no greeting came first", ErrClosed)
	}
	c := &Client{
		conn:    conn,
		events:  make(chan Event),
		queue:   make(chan Event),
		done:    make(chan struct{}),
		dropped: make(chan struct{}),
		pending: make(map[int64]chan message),
	}
	go c.read(lines)
	go c.forward()
	// No deadline here: the caller knows how long a QEMU that starts may take.
	if err := c.execute(ctx, "qmp_capabilities", nil, nil); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Events returns all events of QEMU, in order. The channel is closed when the
// connection has ended and all events before that have been received. The caller
// must receive until then, or call Close.
func (c *Client) Events() <-chan Event { return c.events }

// Close ends the connection. Commands that wait return ErrClosed, and events
// not yet received are dropped.
func (c *Client) Close() error {
	c.closing.Do(func() { close(c.dropped) })
	err := c.conn.Close()
	<-c.done
	return err
}

// Execute sends a command and waits for QEMU's answer, which it decodes into
// ret unless that is nil. The error matches *Error if QEMU answered with an error,
// ErrClosed if the connection has ended, ErrSilent if no answer came, or is that of
// the context. In the last two cases QEMU may still execute the command.
func (c *Client) Execute(ctx context.Context, name string, args, ret any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, Patience, fmt.Errorf("%w (%v)", ErrSilent, Patience))
	defer cancel()
	return c.execute(ctx, name, args, ret)
}

func (c *Client) execute(ctx context.Context, name string, args, ret any) error {
	id, reply := c.expect()
	defer c.forget(id)
	line, err := json.Marshal(command{Execute: name, Arguments: args, ID: id})
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	if err := c.send(append(line, '\n')); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	select {
	case m := <-reply:
		return decode(name, m, ret)
	case <-c.done:
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", name, context.Cause(ctx))
	}
	// The answer may have come just before the end.
	select {
	case m := <-reply:
		return decode(name, m, ret)
	default:
		return fmt.Errorf("%s: %w", name, c.reason())
	}
}

func decode(name string, m message, ret any) error {
	if m.Error != nil {
		return &Error{Command: name, Class: m.Error.Class, Desc: m.Error.Desc}
	}
	if ret == nil {
		return nil
	}
	if err := json.Unmarshal(m.Return, ret); err != nil {
		return fmt.Errorf("decode the answer to %s: %w", name, err)
	}
	return nil
}

func (c *Client) expect() (int64, <-chan message) {
	reply := make(chan message, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next++
	c.pending[c.next] = reply
	return c.next, reply
}

func (c *Client) forget(id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pending, id)
}

func (c *Client) reason() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// send writes a whole line or ends the connection, because half a command would
// make all later ones unreadable.
func (c *Client) send(line []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("%w: %w", ErrClosed, err)
	}
	_, err := c.conn.Write(line)
	if err == nil {
		return nil
	}
	c.conn.Close()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%w (%v): %w", ErrSilent, writeTimeout, ErrClosed)
	}
	return fmt.Errorf("%w: %w", ErrClosed, err)
}

func (c *Client) read(lines *bufio.Scanner) {
	var err error
	for err == nil {
		var m message
		if m, err = readMessage(lines); err == nil {
			c.deliver(m)
		}
	}
	c.conn.Close()
	c.mu.Lock()
	c.err = err
	c.mu.Unlock()
	close(c.done)
	close(c.queue)
}

func (c *Client) deliver(m message) {
	if m.Event != "" {
		select {
		case c.queue <- Event{Name: m.Event, Data: m.Data}:
		case <-c.dropped:
		}
		return
	}
	if m.ID == nil {
		return // the answer to a line that QEMU could not read, not to a command
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if reply, ok := c.pending[*m.ID]; ok {
		delete(c.pending, *m.ID)
		reply <- m
	}
}

// forward stores events until they are received, so that a slow receiver does not
// delay the answers to commands.
func (c *Client) forward() {
	defer close(c.events)
	var kept []Event
	queue := c.queue
	for queue != nil || len(kept) > 0 {
		var out chan Event
		var first Event
		if len(kept) > 0 {
			out, first = c.events, kept[0]
		}
		select {
		case e, ok := <-queue:
			if !ok {
				queue = nil
				continue
			}
			kept = append(kept, e)
		case out <- first:
			kept = kept[1:]
		case <-c.dropped:
			return
		}
	}
}
