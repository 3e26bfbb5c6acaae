package qemu

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// Forward writes the forwards to the machine's spec. QEMU is told of them when
// it is started.
func (e *Engine) Forward(ctx context.Context, id int64, forwards []compute.Forward) error {
	m, release, err := e.acquire(ctx, id)
	if err != nil {
		return failed("forward ports of", id, err)
	}
	defer release()
	return failed("forward ports of", id, m.forward(ctx, forwards))
}

func (m *machine) forward(ctx context.Context, forwards []compute.Forward) error {
	if err := m.mustExist(); err != nil {
		return err
	}
	r, err := m.written()
	if err != nil || slices.Equal(forwards, r.Spec.NIC.Forwards) {
		return err
	}
	if err := compute.CheckForwards(forwards); err != nil {
		return err
	}
	if err := fault.At(ctx, "qemu.forward.spec"); err != nil {
		return err
	}
	r.Spec.NIC.Forwards = forwards
	if err := writeJSON(m.path("machine.json"), r); err != nil {
		return err
	}
	return flush(m.dir)
}

// hostForwards are the options of QEMU's user network that forward ports.
func hostForwards(nic compute.NIC, guest netip.Addr) []string {
	options := []string{}
	for _, f := range nic.Forwards {
		options = append(options, fmt.Sprintf("hostfwd=tcp:%s:%d-%s:%d", nic.Address, f.HostPort, guest, f.GuestPort))
	}
	return options
}

// hasForwards reports whether a QEMU was started with those forwards. Its
// command line tells; if that can't be read the process has ended, and whoever
// asks finds out by other means.
func (p *process) hasForwards(r record) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid))
	if err != nil || len(line) == 0 {
		return true
	}
	has := []string{}
	for _, arg := range bytes.Split(line, []byte{0}) {
		for _, option := range strings.Split(string(arg), ",") {
			if strings.HasPrefix(option, "hostfwd=") {
				has = append(has, option)
			}
		}
	}
	return slices.Equal(has, hostForwards(r.Spec.NIC, r.Network.Address.Addr()))
}
