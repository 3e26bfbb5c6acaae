package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// sit runs talk with a guest and with input. It returns what talk wrote, and
// its error.
func sit(t *testing.T, do func(guest net.Conn, keys *io.PipeWriter, leave context.CancelFunc)) (shown string, err error) {
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	here, guest := net.Pipe()
	in, keys := io.Pipe()
	var out strings.Builder
	ended := make(chan error, 1)
	go func() {
		err := talk(ctx, here, in, &out)
		here.Close()
		ended <- err
	}()
	do(guest, keys, leave)
	err = <-ended
	guest.Close()
	keys.Close()
	synctest.Wait()
	return out.String(), err
}

func TestTalk(t *testing.T) {
	read := func(guest net.Conn, want string) {
		got := make([]byte, len(want))
		if _, err := io.ReadFull(guest, got); err != nil || string(got) != want {
			t.Errorf("the guest read %q, %v; want %q", got, err, want)
		}
	}
	for name, test := range map[string]struct {
		do    func(guest net.Conn, keys *io.PipeWriter, leave context.CancelFunc)
		shown string
	}{
		"the key to leave": {func(guest net.Conn, keys *io.PipeWriter, _ context.CancelFunc) {
			go io.WriteString(keys, "ls\r\x1dnot sent")
			read(guest, "ls\r")
			if n, err := guest.Read(make([]byte, 1)); err == nil {
				t.Errorf("the guest read %d bytes behind the key to leave", n)
			}
		}, ""},
		"the guest ends": {func(guest net.Conn, keys *io.PipeWriter, _ context.CancelFunc) {
			io.WriteString(guest, "bye\n")
			guest.Close()
		}, "bye\n"},
		"an answer behind the end of what is typed": {func(guest net.Conn, keys *io.PipeWriter, _ context.CancelFunc) {
			go func() {
				io.WriteString(keys, "date\n")
				keys.Close()
			}()
			read(guest, "date\n")
			synctest.Wait()
			io.WriteString(guest, "today\n")
			guest.Close()
		}, "today\n"},
		"a signal": {func(guest net.Conn, keys *io.PipeWriter, leave context.CancelFunc) { leave() }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if shown, err := sit(t, test.do); err != nil || shown != test.shown {
					t.Errorf("%q, %v; want %q", shown, err, test.shown)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		_, err := sit(t, func(_ net.Conn, keys *io.PipeWriter, _ context.CancelFunc) { keys.CloseWithError(broken) })
		if !errors.Is(err, broken) {
			t.Errorf("%v", err)
		}
	})
}

// An active droplet without a console socket was started by a version of
// Rockpool that had no consoles.
func TestMissingConsoleSuggestsAPowerCycle(t *testing.T) {
	err := (&guestFlags{}).explain(found{ID: 7, Name: "web-1"}, fmt.Errorf("attach: %w", compute.ErrNotRunning))
	if want := "restart it with: doctl compute droplet-action power-cycle 7"; !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want: %s", err, want)
	}
}
