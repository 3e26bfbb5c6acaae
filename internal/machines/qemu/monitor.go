package qemu

import (
	"context"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/qmp"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/socket"
)

const (
	careInterval = time.Minute // between attempts to resume a paused guest
	redial       = time.Second // between attempts to connect to a QEMU that lives
)

// watch makes v the machine's QEMU and monitors it. The client is nil if there is
// no connection to it yet.
func (e *Engine) watch(m *machine, v *vm, client *qmp.Client) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed.Load() {
		if client != nil {
			client.Close()
		}
		v.detach()
		return
	}
	m.connect(v)
	e.monitors.Go(func() { e.monitor(m, v, client) })
}

// monitor handles the events of a QEMU until its process ends. If it loses the
// connection it makes another.
func (e *Engine) monitor(m *machine, v *vm, client *qmp.Client) {
	living, end := context.WithCancel(v.ctx)
	waited := make(chan error, 1)
	go func() {
		waited <- v.process.Wait()
		end()
	}()
	var last shutdown
	for {
		if client == nil {
			client = e.connect(living, m)
		}
		if client == nil {
			break
		}
		if s := e.handleEvents(m, v, client); s != (shutdown{}) {
			last = s
		}
		client = nil
	}
	if err := <-waited; err != nil {
		return // detached: the process lives on
	}
	e.awaitUnlocked(m)
	m.connect(nil)
	close(v.gone)
	v.detach()
	if v.asked.Load() || last.byQuit() {
		return
	}
	reason := last.words()
	if reason == "" {
		reason = "QEMU ended unexpectedly" + m.lastWords()
	}
	e.config.Logger.Info("machine stopped by itself", "machine", m.id, "reason", reason)
	e.report(compute.Event{ID: m.id, Reason: reason, ByGuest: last.byGuest()})
}

// connect tries until it succeeds, or ctx ends: then it returns nil. There is
// no limit to the time for an answer: QEMU may be stopped, or the host busy.
func (e *Engine) connect(ctx context.Context, m *machine) *qmp.Client {
	late := time.AfterFunc(answerPatience, func() {
		e.config.Logger.Error("a QEMU that runs does not answer", "machine", m.id)
	})
	defer late.Stop()
	for {
		client, err := m.dialQMP(ctx)
		if err == nil {
			return client
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(redial):
		}
	}
}

func (m *machine) dialQMP(ctx context.Context) (*qmp.Client, error) {
	if err := fault.At(ctx, "qemu.monitor.connect"); err != nil {
		return nil, err
	}
	conn, err := socket.Dial(ctx, m.dir, "qmp.sock")
	if err != nil {
		return nil, err
	}
	return qmp.New(ctx, conn)
}

// handleEvents handles QEMU's events until the connection ends. It returns QEMU's
// last SHUTDOWN event, if there was one.
func (e *Engine) handleEvents(m *machine, v *vm, client *qmp.Client) (last shutdown) {
	defer client.Close()
	conn, ok := v.connect(client)
	if !ok {
		return last
	}
	defer v.disconnect()
	paused := e.pausedByDisk(m, v, conn)
	care := time.NewTicker(careInterval)
	defer care.Stop()
	for {
		select {
		case event, ok := <-conn.Events():
			switch {
			case !ok:
				return last
			case event.Name == "RESET":
				v.wasReset()
			case event.Name == "RESUME":
				paused = false
			case event.Name == "BLOCK_IO_ERROR":
				paused = e.diskFailed(m, event.Data) || paused
			case event.Name == "SHUTDOWN":
				last = parseShutdown(event.Data)
			}
		case <-care.C:
			if paused {
				e.resume(m, v, conn)
			}
		}
	}
}

// awaitUnlocked returns when both lock files of a machine whose QEMU has ended
// are free. QEMU's own may be locked by a child between its fork and its exec;
// qemu.log is locked until the keeper has written the rest of the logs.
func (e *Engine) awaitUnlocked(m *machine) {
	for range 1000 {
		alive, err := m.isLocked()
		if err == nil && !alive {
			alive, err = locked(m.path("qemu.log"))
		}
		if err != nil || !alive {
			return
		}
		time.Sleep(time.Millisecond)
	}
	e.config.Logger.Error("QEMU has ended, but something still has its files locked", "machine", m.id, "dir", m.dir)
}
