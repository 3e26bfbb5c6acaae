package qemu

import (
	"encoding/json"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/compute"
	"github.com/rockpool-cloud/rockpool/internal/compute/qemu/qmp"
)

// vm is a living QEMU that this engine is connected to. QEMU serves one client
// at a time, so there is one connection for as long as both live.
type vm struct {
	qmp     *qmp.Client
	process *process

	asked atomic.Bool   // by Stop or Destroy to end
	gone  chan struct{} // closed when the process has ended

	mu    sync.Mutex
	reset chan struct{} // closed, and made anew, at each reset of the guest
}

func newVM(client *qmp.Client, p *process) *vm {
	return &vm{qmp: client, process: p, gone: make(chan struct{}), reset: make(chan struct{})}
}

// letGo ends the connection, and with it the monitoring.
func (v *vm) letGo() {
	v.qmp.Close()
	v.process.close()
}

func (v *vm) nextReset() <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.reset
}

func (v *vm) wasReset() {
	v.mu.Lock()
	defer v.mu.Unlock()
	close(v.reset)
	v.reset = make(chan struct{})
}

// keep makes v the machine's QEMU and monitors it.
func (e *Engine) keep(m *machine, v *vm) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		v.letGo()
		return
	}
	m.connect(v)
	e.monitors.Go(func() { e.monitor(m, v) })
}

// monitor follows a QEMU to its end.
func (e *Engine) monitor(m *machine, v *vm) {
	reason := e.follow(m, v)
	if err := v.process.wait(); err != nil {
		return // let go: the process lives on
	}
	m.awaitUnlocked()
	m.connect(nil)
	v.letGo()
	if reason == "" {
		reason = "QEMU ended unexpectedly" + m.lastWords()
	}
	close(v.gone)
	if !v.asked.Load() {
		e.config.Logger.Info("machine stopped by itself", "machine", m.id, "reason", reason)
		e.tell(compute.Event{ID: m.id, Reason: reason})
	}
}

// follow handles what QEMU tells until the connection ends, and returns why
// QEMU will end if it has said so.
func (e *Engine) follow(m *machine, v *vm) (reason string) {
	trim := time.NewTicker(consoleTrim)
	defer trim.Stop()
	for {
		select {
		case event, ok := <-v.qmp.Events():
			switch {
			case !ok:
				return reason
			case event.Name == "RESET":
				v.wasReset()
			case event.Name == "SHUTDOWN":
				reason = shutdownReason(event.Data)
			}
		case <-trim.C:
			if err := m.trimConsole(); err != nil {
				e.config.Logger.Warn("a console's log can't be kept small", "machine", m.id, "error", err)
			}
		}
	}
}

// shutdownReason puts QEMU's ShutdownCause into words, as far as it is known.
func shutdownReason(data json.RawMessage) string {
	var shutdown struct {
		Guest  bool   `json:"guest"`
		Reason string `json:"reason"`
	}
	if err := json.Unmarshal(data, &shutdown); err != nil {
		return ""
	}
	switch {
	case shutdown.Reason == "guest-panic":
		return "the guest's kernel panicked"
	case shutdown.Guest:
		return "the guest powered off"
	case shutdown.Reason == "host-signal":
		return "QEMU was ended by a signal"
	default:
		return ""
	}
}

// awaitUnlocked returns when the lock of a machine whose QEMU has ended is free.
// It is at once, but for a child of QEMU between its fork and its exec.
func (m *machine) awaitUnlocked() {
	for range 1000 {
		if held, err := m.held(); err != nil || !held {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
