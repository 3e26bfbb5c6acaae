package qmp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/await"
)

const greeting = `{"QMP": {"version": {"qemu": {"major": 7}}, "capabilities": ["oob"]}}`

// fake is QEMU's end of a connection.
type fake struct {
	t     *testing.T
	conn  net.Conn
	lines *bufio.Scanner
}

// connect returns a client and the server that it has greeted.
func connect(t *testing.T) (*Client, *fake) {
	t.Helper()
	ours, theirs := net.Pipe()
	server := &fake{t, theirs, bufio.NewScanner(theirs)}
	t.Cleanup(func() { theirs.Close() })
	go func() {
		server.send(greeting)
		server.reply(server.expect("qmp_capabilities"), `"return": {}`)
	}()
	client, err := New(t.Context(), ours)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client, server
}

func (f *fake) send(line string) {
	if _, err := io.WriteString(f.conn, line+"\n"); err != nil {
		f.t.Errorf("send: %v", err)
	}
}

// expect reads a command and returns its id.
func (f *fake) expect(name string) int64 {
	if !f.lines.Scan() {
		f.t.Errorf("no %s came: %v", name, f.lines.Err())
		return 0
	}
	var c struct {
		Execute string
		ID      int64
	}
	if err := json.Unmarshal(f.lines.Bytes(), &c); err != nil || c.Execute != name {
		f.t.Errorf("%s came (%v), want %s", f.lines.Text(), err, name)
	}
	return c.ID
}

func (f *fake) reply(id int64, result string) { f.send(fmt.Sprintf(`{%s, "id": %d}`, result, id)) }

func TestExecute(t *testing.T) {
	client, server := connect(t)
	go func() { server.reply(server.expect("query-status"), `"return": {"running": true}`) }()
	var status struct{ Running bool }
	if err := client.Execute(t.Context(), "query-status", map[string]any{"a": 1}, &status); err != nil {
		t.Fatal(err)
	}
	if !status.Running {
		t.Error("the answer was not decoded")
	}
}

func TestExecuteReturnsAnError(t *testing.T) {
	client, server := connect(t)
	go func() {
		server.reply(server.expect("stop"), `"error": {"class": "GenericError", "desc": "not now"}`)
	}()
	var refused *Error
	if err := client.Execute(t.Context(), "stop", nil, nil); !errors.As(err, &refused) ||
		refused.Class != "GenericError" || refused.Desc != "not now" || refused.Command != "stop" {
		t.Errorf("error %v, want QEMU's refusal", err)
	}
}

// TestAnswersFindTheirCommands answers concurrent commands in another order,
// with events, empty members and answers to no command in between.
func TestAnswersFindTheirCommands(t *testing.T) {
	client, server := connect(t)
	type result struct {
		name, got string
		err       error
	}
	results := make(chan result, 2)
	ask := func(name string) {
		var got string
		err := client.Execute(t.Context(), name, nil, &got)
		results <- result{name, got, err}
	}
	go ask("first")
	id1 := server.expect("first")
	go ask("second")
	id2 := server.expect("second")
	server.send(`{"event": "RESET", "data": {"guest": false}, "timestamp": {}}`)
	server.reply(id2, `"return": "second"`)
	server.send(`{"return": {}, "id": 4711}`)
	server.send(`{"error": {"class": "GenericError", "desc": "no id"}}`)
	server.send(`{"event": "STOP"}`)
	server.reply(id1, `"return": "first"`)
	for range 2 {
		if r := await.Receive(t, results, "an answer"); r.err != nil || r.got != r.name {
			t.Errorf("%s was answered %q, %v", r.name, r.got, r.err)
		}
	}
	for _, want := range []string{"RESET", "STOP"} {
		if event := await.Receive(t, client.Events(), "the event "+want); event.Name != want {
			t.Errorf("event %q, want %q", event.Name, want)
		}
	}
}

// TestEventsDoNotDelayAnswers sends many events that nobody receives yet.
func TestEventsDoNotDelayAnswers(t *testing.T) {
	client, server := connect(t)
	go func() {
		id := server.expect("quit")
		for i := range 1000 {
			server.send(fmt.Sprintf(`{"event": "E%d"}`, i))
		}
		server.reply(id, `"return": {}`)
		server.conn.Close()
	}()
	if err := client.Execute(t.Context(), "quit", nil, nil); err != nil {
		t.Fatal(err)
	}
	n := 0
	for event := range client.Events() {
		if want := fmt.Sprintf("E%d", n); event.Name != want {
			t.Fatalf("event %q, want %q", event.Name, want)
		}
		n++
	}
	if n != 1000 {
		t.Errorf("%d events, want 1000", n)
	}
}

func TestConnectionEnds(t *testing.T) {
	for name, end := range map[string]func(*fake){
		"closed":          func(f *fake) { f.conn.Close() },
		"in half a line":  func(f *fake) { io.WriteString(f.conn, `{"return": {`); f.conn.Close() },
		"garbage":         func(f *fake) { io.WriteString(f.conn, "HTTP/1.1 400 Bad Request\n") },
		"an endless line": func(f *fake) { io.Copy(f.conn, endless{}) },
	} {
		t.Run(name, func(t *testing.T) {
			client, server := connect(t)
			go func() {
				server.expect("query-status")
				end(server)
			}()
			if err := client.Execute(t.Context(), "query-status", nil, nil); !errors.Is(err, ErrClosed) {
				t.Errorf("error %v, want ErrClosed", err)
			}
			if err := client.Execute(t.Context(), "query-status", nil, nil); !errors.Is(err, ErrClosed) {
				t.Errorf("then error %v, want ErrClosed", err)
			}
			if event, ok := <-client.Events(); ok {
				t.Errorf("event %v after the end", event)
			}
		})
	}
}

// endless is a line without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestLongLine(t *testing.T) {
	client, server := connect(t)
	long := strings.Repeat("x", 4<<20)
	go func() { server.reply(server.expect("query"), fmt.Sprintf(`"return": %q`, long)) }()
	var got string
	if err := client.Execute(t.Context(), "query", nil, &got); err != nil || got != long {
		t.Errorf("%d bytes, %v, want %d", len(got), err, len(long))
	}
}

func TestLastAnswerBeforeTheEndCounts(t *testing.T) {
	for range 100 {
		client, server := connect(t)
		go func() {
			server.reply(server.expect("quit"), `"return": {}`)
			server.conn.Close()
		}()
		if err := client.Execute(t.Context(), "quit", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
}

func TestExecuteEndsWithItsContext(t *testing.T) {
	client, server := connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	late := make(chan int64)
	go func() {
		id := server.expect("slow")
		cancel()
		late <- id
	}()
	if err := client.Execute(ctx, "slow", nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	id := await.Receive(t, late, "the command that is answered late")
	go func() {
		server.reply(id, `"return": "too late"`)
		server.reply(server.expect("next"), `"return": "next"`)
	}()
	var got string
	if err := client.Execute(t.Context(), "next", nil, &got); err != nil || got != "next" {
		t.Errorf("the next answer is %q, %v", got, err)
	}
}

func TestCloseWakesExecute(t *testing.T) {
	client, server := connect(t)
	go func() {
		server.expect("slow")
		server.send(`{"event": "NOBODY_RECEIVES_THIS"}`)
		client.Close()
	}()
	if err := client.Execute(t.Context(), "slow", nil, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v, want ErrClosed", err)
	}
}

func TestGreetingFails(t *testing.T) {
	for name, test := range map[string]struct {
		serve func(*fake)
		want  error
	}{
		"closed":      {func(f *fake) { f.conn.Close() }, ErrClosed},
		"no greeting": {func(f *fake) { f.send(`{"event": "RESET"}`) }, ErrClosed},
		"garbage":     {func(f *fake) { f.send("SSH-2.0-OpenSSH") }, ErrClosed},
		"closed after greeting": {func(f *fake) {
			f.send(greeting)
			f.expect("qmp_capabilities")
			f.conn.Close()
		}, ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			defer theirs.Close()
			go test.serve(&fake{t, theirs, bufio.NewScanner(theirs)})
			if _, err := New(t.Context(), ours); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
			if _, err := ours.Write([]byte("x")); err == nil {
				t.Error("the connection was left open")
			}
		})
	}
}

// TestNothingIsLeft: no goroutine outlives a client. synctest checks that.
func TestNothingIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := connect(t)
		go server.send(`{"event": "NOBODY_RECEIVES_THIS"}`)
		synctest.Wait()
		client.Close()
	})
}

func TestGreetingEndsWithItsContext(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(ctx, ours); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

// TestExecuteEnds: a command that QEMU does not answer, or does not even read,
// ends with the reason.
func TestExecuteEnds(t *testing.T) {
	for name, read := range map[string]bool{"not answered": true, "not read": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := connect(t)
				if read {
					go server.expect("stop")
				}
				began := time.Now()
				err := client.Execute(t.Context(), "stop", nil, nil)
				if took := time.Since(began); !errors.Is(err, ErrSilent) || took != Patience {
					t.Errorf("error %v after %v, want ErrSilent after %v", err, took, Patience)
				}
			})
		})
	}
}
