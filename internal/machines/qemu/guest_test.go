package qemu

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/diskimage/imagetest"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/helper"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/proc"
)

const (
	guestMachine = 51
	guestSSH     = "127.211.8.51:2222"
)

func guestSpec(t testing.TB) compute.Spec {
	needQEMU(t)
	needs.Time(t)
	spec := testSpec(guestMachine, imageAt(imagetest.Micro(t), "qcow2"))
	spec.MemoryMB = 256
	spec.Interfaces[0].Forwards = []compute.Forward{{HostPort: 2222, GuestPort: 22}}
	return spec
}

// TestGuest boots a real guest. It is reached through its forwarded port, it powers
// off when asked to, and its console and its disk survive that.
func TestGuest(t *testing.T) {
	e, events := newEngine(t)
	started(t, e, guestSpec(t))
	first := hostKey(t)
	console := consoleText(t, e)
	if !bytes.Contains(console, []byte("Linux version")) {
		t.Errorf("the console lacks the kernel's greeting:\n%s", console)
	}
	powerOff(t, e, events)

	if err := e.Start(t.Context(), guestMachine); err != nil {
		t.Fatal(err)
	}
	if second := hostKey(t); !bytes.Equal(first, second) {
		t.Error("the guest's host key changed: its disk was lost")
	}
	if !bytes.HasPrefix(consoleText(t, e), console) {
		t.Error("the console of the first run was lost")
	}
}

// TestRelayDoesNotKeepMachineAlive kills a QEMU whose relay still waits for an
// answer.
func TestRelayDoesNotKeepMachineAlive(t *testing.T) {
	spec := guestSpec(t)
	asked, answer := make(chan struct{}, 16), make(chan struct{})
	e := openIn(t, t.TempDir())
	e.config.Metadata = func(id int64) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			asked <- struct{}{}
			<-answer
		})
	}
	events := recovered(t, e)
	t.Cleanup(func() { close(answer) })
	started(t, e, spec)
	receive(t, asked)

	qemu := qemuOf(t, e, guestMachine)
	relays := relaysOf(t, e, qemu.PID)
	if len(relays) == 0 {
		t.Fatal("no relay runs although a request waits")
	}
	if err := syscall.Kill(qemu.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	receive(t, events)
	wantState(t, e, guestMachine, compute.Stopped)
	for _, relay := range relays {
		if relay.HasEnded() {
			t.Errorf("relay %d has ended, so nothing was tested", relay.PID)
		}
	}
}

// relaysOf returns the relays that work in the machine's folder.
func relaysOf(t *testing.T, e *Engine, qemu int) []*proc.Process {
	t.Helper()
	m := e.newMachine(guestMachine)
	folder, err := os.Stat(m.dir)
	if err != nil {
		t.Fatal(err)
	}
	lock, err := os.Stat(m.path("lock"))
	if err != nil {
		t.Fatal(err)
	}
	var relays []*proc.Process
	for _, pid := range proc.In(folder) {
		p, err := proc.Open(pid)
		if err != nil || pid == qemu {
			continue
		}
		t.Cleanup(p.Close)
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil || !bytes.Contains(line, []byte("\x00"+helper.RelayCommand+"\x00")) {
			continue
		}
		if open, err := proc.HasOpen(pid, lock); err == nil && open {
			t.Errorf("relay %d has the machine's lock open", pid)
		}
		relays = append(relays, p)
	}
	return relays
}

// hostKey returns the key of the guest's SSH server, once it answers.
func hostKey(t *testing.T) []byte {
	t.Helper()
	retry := time.NewTicker(100 * time.Millisecond)
	defer retry.Stop()
	var last error
	for end := time.Now().Add(patience); time.Now().Before(end); <-retry.C {
		key, err := askHostKey()
		if key != nil {
			return key
		}
		last = err
	}
	t.Fatalf("the guest's SSH server does not answer: %v", last)
	return nil
}

// askHostKey tries once, with a short timeout: QEMU accepts a connection before the
// guest does, and then tries to reach the guest at growing intervals.
func askHostKey() (key []byte, err error) {
	conn, err := net.Dial("tcp", guestSSH)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(3 * time.Second)); err != nil {
		return nil, err
	}
	_, _, _, err = ssh.NewClientConn(conn, guestSSH, &ssh.ClientConfig{
		User:              "root",
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519}, // the only key that the micro image has
		HostKeyCallback: func(_ string, _ net.Addr, k ssh.PublicKey) error {
			key = k.Marshal()
			return errors.New("this is all")
		},
	})
	return key, err
}

func consoleText(t *testing.T, e *Engine) []byte {
	t.Helper()
	console, err := e.Console(t.Context(), guestMachine)
	if err != nil {
		t.Fatal(err)
	}
	defer console.Close()
	text, err := io.ReadAll(console)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// powerOff presses the button until the guest, which may still boot, obeys.
func powerOff(t *testing.T, e *Engine, events <-chan compute.Event) {
	t.Helper()
	press := time.NewTicker(time.Second)
	defer press.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if err := e.Shutdown(t.Context(), guestMachine); err != nil && !errors.Is(err, compute.ErrNotRunning) {
			t.Logf("shutdown: %v", err)
		}
		select {
		case event := <-events:
			if event.Reason != "the guest powered off" {
				t.Errorf("event %+v", event)
			}
			return
		case <-press.C:
		}
	}
	t.Fatal("the guest did not power off")
}
