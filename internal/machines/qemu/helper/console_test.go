package helper

import (
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// memoryListener is a listener for clients in memory.
type memoryListener chan net.Conn

func (l memoryListener) Accept() (net.Conn, error) {
	conn, ok := <-l
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (l memoryListener) Close() error   { return nil }
func (l memoryListener) Addr() net.Addr { return nil }

// connect returns the client's end of a new connection. Before that it waits until
// all earlier output has been copied.
func (l memoryListener) connect() net.Conn {
	synctest.Wait()
	client, conn := net.Pipe()
	l <- conn
	synctest.Wait()
	return client
}

// runConsole calls do with a guest whose console is served, in a synctest bubble,
// and returns the log.
func runConsole(t *testing.T, do func(t *testing.T, guest net.Conn, clients memoryListener)) (log string) {
	synctest.Test(t, func(t *testing.T) {
		guest, port := net.Pipe()
		clients := make(memoryListener)
		console := newConsole(port)
		go console.serve(clients)
		kept := make(chan string)
		go func() {
			text, _ := io.ReadAll(console)
			kept <- string(text)
		}()
		do(t, guest, clients)
		close(clients)
		guest.Close()
		log = <-kept
	})
	return log
}

func want(t *testing.T, from io.Reader, text string) {
	t.Helper()
	got := make([]byte, len(text))
	if _, err := io.ReadFull(from, got); err != nil || string(got) != text {
		t.Errorf("%q arrived (%v), want %q", got, err, text)
	}
}

func say(t *testing.T, to io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(to, text); err != nil {
		t.Errorf("%q: %v", text, err)
	}
}

func TestClients(t *testing.T) {
	log := runConsole(t, func(t *testing.T, guest net.Conn, clients memoryListener) {
		say(t, guest, "before\n")
		for range 2 {
			client := clients.connect()
			go say(t, guest, "login: ")
			want(t, client, "login: ")
			go say(t, client, "root\r")
			want(t, guest, "root\r")
			client.Close()
			synctest.Wait()
			say(t, guest, "alone\n")
		}
		last := clients.connect()
		guest.Close()
		if _, err := io.ReadAll(last); err != nil {
			t.Errorf("a client when the guest ends: %v", err)
		}
	})
	if whole := "before\nlogin: alone\nlogin: alone\n"; log != whole {
		t.Errorf("the log is %q, want %q", log, whole)
	}
}

// A client that has stopped its screen delays neither the guest nor the log.
func TestClientThatDoesNotRead(t *testing.T) {
	const lines = 1000
	log := runConsole(t, func(t *testing.T, guest net.Conn, clients memoryListener) {
		client := clients.connect()
		defer client.Close()
		began := time.Now()
		for range lines {
			say(t, guest, "line\n")
		}
		if took := time.Since(began); took > outputPatience+lines*staleOutputPatience {
			t.Errorf("the guest was delayed by %v", took)
		}
		synctest.Wait()
		time.Sleep(outputPatience) // in the bubble: the last line is dropped
		go say(t, guest, "again\n")
		want(t, client, "again\n")
	})
	if n := strings.Count(log, "line\n"); n != lines {
		t.Errorf("the log has %d lines of %d", n, lines)
	}
}

// A client types to a guest that does not read, and leaves: the next client is
// served.
func TestGuestThatDoesNotRead(t *testing.T) {
	runConsole(t, func(t *testing.T, guest net.Conn, clients memoryListener) {
		first := clients.connect()
		say(t, first, "lost\r")
		first.Close()
		client := clients.connect()
		defer client.Close()
		go say(t, client, "ls\r")
		want(t, guest, "ls\r")
	})
}
