package qemu

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/proc"
)

// Change writes the spec to the machine's record, which QEMU's command line is
// made from when it is started. If the disk gets another size, qemu-img resizes it
// before the record is written. docs/decisions/101 says how a crash in between ends.
func (e *Engine) Change(ctx context.Context, spec compute.Spec) error {
	m, release, err := e.acquire(ctx, spec.ID)
	if err != nil {
		return failed("change", spec.ID, err)
	}
	defer release()
	return failed("change", spec.ID, e.change(ctx, m, spec))
}

func (e *Engine) change(ctx context.Context, m *machine, spec compute.Spec) error {
	if err := m.mustExist(); err != nil {
		return err
	}
	r, err := m.written()
	if err != nil {
		return err
	}
	if err := check(spec); err != nil {
		return err
	}
	if err := compute.CheckChange(r.Spec, spec, []int{r.Disk.LeastGB}); err != nil {
		return err
	}
	next := r.Spec.With(spec)
	if next.Equal(r.Spec) {
		return nil
	}
	if r.Spec.NeedsStop(next) {
		if err := e.mustBeStopped(ctx, m); err != nil {
			return err
		}
	}
	if next.Disks[0].SizeGB != r.Spec.Disks[0].SizeGB {
		if r.Disk, err = e.beginResize(ctx, m, r, next.Disks[0].SizeGB); err != nil {
			return err
		}
		r.Disk.Resizing = false
	}
	if err := fault.At(ctx, "qemu.change.record"); err != nil {
		return err
	}
	r.Spec = next
	return m.write(r)
}

// Spec reads the machine's record.
func (e *Engine) Spec(_ context.Context, id int64) (compute.Spec, error) {
	m := e.known(id)
	if err := m.mustExist(); err != nil {
		return compute.Spec{}, failed("query", id, err)
	}
	r, err := m.record()
	return r.Spec, failed("query", id, err)
}

// mustBeStopped returns compute.ErrRunning if the machine has a QEMU.
func (e *Engine) mustBeStopped(ctx context.Context, m *machine) error {
	v, err := e.runningVM(ctx, m)
	if err != nil {
		return err
	}
	if v != nil && !v.process.HasEnded() {
		return compute.ErrRunning
	}
	return m.awaitMonitor(ctx)
}

// beginResize resizes the disk of a machine whose record still has the old size.
// The record says so, and the next start gives the disk the size of the record.
// It returns what the record says of the disk.
func (e *Engine) beginResize(ctx context.Context, m *machine, r record, sizeGB int) (diskRecord, error) {
	if err := fault.At(ctx, "qemu.change.begin"); err != nil {
		return diskRecord{}, err
	}
	if !r.Disk.Resizing {
		if err := m.findSize(&r); err != nil {
			return diskRecord{}, err
		}
	}
	r.Disk.Resizing = true
	if err := m.write(r); err != nil {
		return diskRecord{}, err
	}
	return r.Disk, e.resizeDisk(ctx, m, max(sizeGB, r.Disk.FoundGB))
}

// prepareDisk is called before a start. It completes a resize that was
// interrupted, and writes into the record which size of the disk a guest sees.
func (e *Engine) prepareDisk(ctx context.Context, m *machine) error {
	r, err := m.written()
	if err != nil {
		return err
	}
	before, size := r.Disk, r.Spec.Disks[0].SizeGB
	if r.Disk.Resizing {
		if err := e.resizeDisk(ctx, m, max(size, r.Disk.FoundGB)); err != nil {
			return err
		}
	}
	if err := m.findSize(&r); err != nil {
		return err
	}
	r.Disk.LeastGB, r.Disk.Resizing = size, false
	if r.Disk == before {
		return nil
	}
	if err := fault.At(ctx, "qemu.start.record"); err != nil {
		return err
	}
	return m.write(r)
}

// hostForwards are the options of QEMU's user network that forward ports.
func hostForwards(nic compute.Interface, guest netip.Addr) []string {
	options := []string{}
	for _, f := range nic.Forwards {
		options = append(options, fmt.Sprintf("hostfwd=tcp:%s:%d-%s:%d", nic.Address, f.HostPort, guest, f.GuestPort))
	}
	return options
}

// isUpToDate reports whether a QEMU was started with the record's spec, as far
// as that can change while it runs. It compares QEMU's command line. If that can't
// be read the process has ended, which the caller finds out by other means.
func isUpToDate(p *proc.Process, r record) bool {
	args := proc.CommandLine(p.PID)
	if len(args) == 0 {
		return true
	}
	forwards := []string{}
	for _, arg := range args {
		for _, option := range strings.Split(arg, ",") {
			if strings.HasPrefix(option, "hostfwd=") {
				forwards = append(forwards, option)
			}
		}
	}
	nic := r.Spec.Interfaces[0]
	return slices.Equal(forwards, hostForwards(nic, r.Network.Address.Addr())) &&
		slices.Contains(args, nameOption(r.Spec)) && slices.Contains(args, nicOption(nic))
}
