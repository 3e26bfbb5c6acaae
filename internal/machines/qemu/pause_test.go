package qemu

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/proc"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/qmp"
)

// fakeQEMU answers each command with its entry in answers, and sends the names of
// the commands to got.
func fakeQEMU(t *testing.T, answers map[string]string) (client *qmp.Client, far net.Conn, got <-chan string) {
	t.Helper()
	near, far := net.Pipe()
	commands := make(chan string, 16)
	go func() {
		fmt.Fprintln(far, `{"QMP": {}}`)
		for lines := bufio.NewScanner(far); lines.Scan(); {
			var c struct {
				Execute string
				ID      int64
			}
			if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
				t.Error(err)
			}
			answer := answers[c.Execute]
			if answer == "" {
				answer = "{}"
			}
			fmt.Fprintf(far, `{"return": %s, "id": %d}`+"\n", answer, c.ID)
			if c.Execute != "qmp_capabilities" {
				commands <- c.Execute
			}
		}
	}()
	client, err := qmp.New(t.Context(), near)
	if err != nil {
		t.Fatal(err)
	}
	return client, far, commands
}

// TestFullDisk: QEMU pauses a guest because the host's disk is full, before there is
// a connection or after. The engine logs that and resumes the guest at intervals.
func TestFullDisk(t *testing.T) {
	for name, test := range map[string]struct{ status, event, log string }{
		"before": {`{"running": false, "status": "io-error"}`, "", "can't be written"},
		"after": {`{"running": true, "status": "running"}`,
			`{"event": "BLOCK_IO_ERROR", "data": {"action": "stop", "nospace": true}}`, "no space left in /droplets; free some"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				e := &Engine{config: Config{Dir: "/droplets", Logger: slog.New(slog.NewTextHandler(&log, nil))}}
				m := &machine{id: 7, dir: dir}
				client, far, got := fakeQEMU(t, map[string]string{"query-status": test.status})
				v := newVM(&proc.Process{})
				done := make(chan struct{})
				go func() {
					defer close(done)
					e.handleEvents(m, v, client)
				}()
				if command := <-got; command != "query-status" {
					t.Errorf("%s came, want query-status", command)
				}
				if test.event != "" {
					if _, err := io.WriteString(far, test.event+"\n"); err != nil {
						t.Error(err)
					}
				}
				for range 2 {
					select {
					case command := <-got:
						if command != "cont" {
							t.Errorf("%s came, want cont", command)
						}
					case <-time.After(2 * careInterval):
						t.Error("the guest was not let go on")
					}
				}
				if _, err := io.WriteString(far, `{"event": "RESUME"}`+"\n"); err != nil {
					t.Error(err)
				}
				far.Close()
				<-done
				if !strings.Contains(log.String(), test.log) {
					t.Errorf("the log is %q, want %q", log.String(), test.log)
				}
			})
		})
	}
}

func TestEnsureRunning(t *testing.T) {
	for status, want := range map[string]struct {
		commands int
		err      error
	}{
		`{"running": true, "status": "running"}`:   {1, nil},
		`{"running": false, "status": "paused"}`:   {2, nil},
		`{"running": false, "status": "shutdown"}`: {1, errEnding},
	} {
		client, _, got := fakeQEMU(t, map[string]string{"query-status": status})
		err := ensureRunning(t.Context(), client)
		client.Close()
		if !errors.Is(err, want.err) || len(got) > want.commands {
			t.Errorf("%s gives %v after %d commands, want %v after %d", status, err, len(got), want.err, want.commands)
		}
	}
}

func TestShutdownWords(t *testing.T) {
	for data, want := range map[string]string{
		`{"guest": true, "reason": "guest-shutdown"}`:  "the guest powered off",
		`{"guest": true, "reason": "guest-panic"}`:     "the guest's kernel panicked",
		`{"guest": false, "reason": "host-signal"}`:    "QEMU was ended by a signal",
		`{"guest": false, "reason": "host-qmp-quit"}`:  "",
		`{"guest": false, "reason": "host-something"}`: "",
	} {
		s := parseShutdown([]byte(data))
		if s.words() != want || s.byQuit() != strings.Contains(data, "quit") {
			t.Errorf("%s: %q, %v", data, s.words(), s.byQuit())
		}
	}
}
