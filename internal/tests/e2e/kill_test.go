package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

// TestKillDuringCreate crashes the server at successive moments of a create,
// each time of a new droplet.
func TestKillDuringCreate(t *testing.T) {
	s := withMicro(t)
	s.Start()
	key := s.NewKey("laptop")
	moments := []struct {
		name string
		at   func() <-chan struct{} // called before the create
	}{
		{"after the answer", func() <-chan struct{} { return now }},
		{"after step image", func() <-chan struct{} { return s.Logged("name=image") }},
		{"after step address", func() <-chan struct{} { return s.Logged("name=address") }},
		{"within step disk", func() <-chan struct{} { return later(15 * time.Millisecond) }},
		{"after step disk", func() <-chan struct{} { return s.Logged("name=disk") }},
		{"within step boot", func() <-chan struct{} { return later(60 * time.Millisecond) }},
		{"after step boot", func() <-chan struct{} { return s.Logged("name=boot") }},
	}
	for i, m := range moments {
		t.Run(m.name, func(t *testing.T) {
			moment := m.at()
			id, action := s.Create(micro(fmt.Sprintf("crash-%d", i), key))
			<-moment
			s.Kill()
			s.Start()
			s.Completed(action, rockpooltest.Patience)
			d := s.Droplet(id)
			if d.Status != "active" || d.Locked {
				t.Errorf("the droplet is %s, locked %v", d.Status, d.Locked)
			}
			shell := s.Login(id, key, bootLimit)
			expect(t, shell, "wget -qO- http://169.254.169.254/metadata/v1/id", fmt.Sprint(id))
			s.Delete(id)
		})
	}
}

var now = func() <-chan struct{} { c := make(chan struct{}); close(c); return c }()

// later is a moment in a create at which nothing observable happens.
func later(after time.Duration) <-chan struct{} {
	c := make(chan struct{})
	time.AfterFunc(after, func() { close(c) })
	return c
}

// TestKillWithRunningMachine crashes the server while a machine runs, which
// the machine must not notice. It then crashes the server twice during the
// destroy of the machine.
func TestKillWithRunningMachine(t *testing.T) {
	s := withMicro(t)
	s.Start()
	key := s.NewKey("laptop")
	d := s.Up(micro("steady", key))
	shell := s.Login(d.ID, key, bootLimit)
	boot := shell.Run(bootID)
	pid, _ := s.QEMU(d.ID)

	s.Kill()
	expect(t, shell, bootID, boot) // in the session from before
	s.Start()
	expect(t, shell, bootID, boot)
	expect(t, shell, "wget -qO- http://169.254.169.254/metadata/v1/id", fmt.Sprint(d.ID))
	if after, _ := s.QEMU(d.ID); after != pid {
		t.Errorf("QEMU was process %d and is now %d", pid, after)
	}
	if got := s.Droplet(d.ID); got.Status != "active" || got.Locked {
		t.Errorf("after the restart the droplet is %s, locked %v", got.Status, got.Locked)
	}
	expect(t, s.Login(d.ID, key, bootLimit), bootID, boot)

	s.Stop() // a regular stop has the same effect
	s.Start()
	expect(t, shell, bootID, boot)
	s.Act(d.ID, "power_off", "off")
	s.Act(d.ID, "power_on", "active")

	s.Delete(d.ID)
	s.Kill()
	destroyed := s.Logged("name=machine")
	s.Start()
	s.AssertGone(d.ID)
	select {
	case <-destroyed:
		s.Kill()
		s.Start()
	default: // the machine was destroyed before the first crash
	}
	s.AssertGone(d.ID)
}

// TestMachineEndsWhileServerIsDown lets a guest power itself off while no server
// runs.
func TestMachineEndsWhileServerIsDown(t *testing.T) {
	s := withMicro(t)
	s.Start()
	key := s.NewKey("laptop")
	d := s.Up(micro("gone", key))
	shell := s.Login(d.ID, key, bootLimit)
	s.Kill()
	_, _ = shell.Try("poweroff", bootLimit) // the session ends with the machine
	s.Await(bootLimit, "the machine's end", func() error {
		if left := s.Processes(fmt.Sprintf("droplets/%d", d.ID)); len(left) > 0 {
			return fmt.Errorf("the processes %v", left)
		}
		return nil
	})
	s.Start()
	if got := s.Droplet(d.ID).Status; got != "off" {
		t.Errorf("the droplet is %s, want off", got)
	}
	s.Delete(d.ID)
}
