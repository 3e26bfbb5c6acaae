package helper

import (
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// door is a listener for visitors in memory.
type door chan net.Conn

func (d door) Accept() (net.Conn, error) {
	conn, ok := <-d
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (d door) Close() error   { return nil }
func (d door) Addr() net.Addr { return nil }

// visit returns the visitor's end of a new connection, once all that was said
// before has been shown.
func (d door) visit() net.Conn {
	synctest.Wait()
	visitor, conn := net.Pipe()
	d <- conn
	synctest.Wait()
	return visitor
}

// visited runs do with a guest whose console has a keeper, in a bubble, and
// returns the log.
func visited(t *testing.T, do func(t *testing.T, guest net.Conn, visits door)) (log string) {
	synctest.Test(t, func(t *testing.T) {
		guest, port := net.Pipe()
		visits := make(door)
		console := newConsole(port)
		go console.receive(visits)
		kept := make(chan string)
		go func() {
			text, _ := io.ReadAll(console)
			kept <- string(text)
		}()
		do(t, guest, visits)
		close(visits)
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

func TestVisitors(t *testing.T) {
	log := visited(t, func(t *testing.T, guest net.Conn, visits door) {
		say(t, guest, "before\n")
		for range 2 {
			visitor := visits.visit()
			go say(t, guest, "login: ")
			want(t, visitor, "login: ")
			go say(t, visitor, "root\r")
			want(t, guest, "root\r")
			visitor.Close()
			synctest.Wait()
			say(t, guest, "alone\n")
		}
		last := visits.visit()
		guest.Close()
		if _, err := io.ReadAll(last); err != nil {
			t.Errorf("who sits there when the guest ends: %v", err)
		}
	})
	if whole := "before\nlogin: alone\nlogin: alone\n"; log != whole {
		t.Errorf("the log is %q, want %q", log, whole)
	}
}

// A visitor who has stopped the screen holds up neither the guest nor the log.
func TestVisitorWhoDoesNotRead(t *testing.T) {
	const lines = 1000
	log := visited(t, func(t *testing.T, guest net.Conn, visits door) {
		visitor := visits.visit()
		defer visitor.Close()
		began := time.Now()
		for range lines {
			say(t, guest, "line\n")
		}
		if took := time.Since(began); took > showingPatience+lines*staleShowing {
			t.Errorf("the guest was held up for %v", took)
		}
		synctest.Wait()
		time.Sleep(showingPatience) // in the bubble: the last line is given up
		go say(t, guest, "again\n")
		want(t, visitor, "again\n")
	})
	if n := strings.Count(log, "line\n"); n != lines {
		t.Errorf("the log has %d lines of %d", n, lines)
	}
}

// A visitor who types to a guest that does not read, and leaves, makes room.
func TestGuestThatDoesNotRead(t *testing.T) {
	visited(t, func(t *testing.T, guest net.Conn, visits door) {
		first := visits.visit()
		say(t, first, "lost\r")
		first.Close()
		visitor := visits.visit()
		defer visitor.Close()
		go say(t, visitor, "ls\r")
		want(t, guest, "ls\r")
	})
}
