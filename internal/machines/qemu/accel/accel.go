// Package accel finds out what can run guests fast on this host. That
// /dev/kvm opens says little: under some hypervisors it is an interpreter that
// is hundreds of times slower than QEMU's own translator. So a tiny guest has
// to finish in time.
package accel

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
)

// The accelerators, by QEMU's names.
const (
	KVM = "kvm" // the processor's own virtualization
	TCG = "tcg" // translation in software, works everywhere
)

// Limit is how long the probe guest may take, with QEMU's start. Hardware
// needs a tenth of it, and a KVM in software three times as much. It has a
// second try if QEMU had to be read from the disk first.
const Limit = 500 * time.Millisecond

// Result says what to use.
type Result struct {
	Accelerator string // KVM or TCG
	Reason      string // why, a short human sentence
	Mend        string // what would make KVM work, if the host's user can do it; else empty
}

// Probe finds out what to use. The zero value of each field but Binary is the
// real thing.
type Probe struct {
	Binary string // path of QEMU's system emulator
	Device string // default: /dev/kvm

	// Run starts QEMU and returns how it ended; default: as a process.
	Run func(ctx context.Context, binary string, args []string) (Ending, error)
}

// Ending is how a QEMU ended.
type Ending struct {
	Status int
	Cold   bool // parts of it were read from the disk, not from memory
}

// Find always gives a result: TCG if anything stands against KVM. The error is
// only that of the context, or of fault injection.
func (p Probe) Find(ctx context.Context) (Result, error) {
	if p.Device == "" {
		p.Device = "/dev/kvm"
	}
	if p.Run == nil {
		p.Run = run
	}
	if result, found := p.checkDevice(); found {
		return result, nil
	}
	result, cold, err := p.boot(ctx)
	if cold && err == nil && ctx.Err() == nil {
		result, _, err = p.boot(ctx)
	}
	if ctx.Err() != nil {
		return Result{}, context.Cause(ctx)
	}
	if errors.Is(err, fault.ErrCrash) {
		return Result{}, err
	}
	if err != nil {
		return Result{Accelerator: TCG, Reason: fmt.Sprintf("the KVM probe failed: %v", err)}, nil
	}
	return result, nil
}

// checkDevice decides where there is nothing to try.
func (p Probe) checkDevice() (result Result, found bool) {
	f, err := os.OpenFile(p.Device, os.O_RDWR, 0)
	if err == nil {
		f.Close()
		return Result{}, false
	}
	return standsAgainst(p.Device, err), true
}

// standsAgainst explains why a device that could not be opened rules KVM out.
func standsAgainst(device string, err error) Result {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Result{
			Accelerator: TCG,
			Reason:      device + " is not there",
			Mend: "turn on virtualization in the firmware (VT-x or AMD-V), or nested virtualization in the hypervisor, " +
				"and load the module: sudo modprobe kvm_intel || sudo modprobe kvm_amd",
		}
	case errors.Is(err, fs.ErrPermission):
		return Result{
			Accelerator: TCG,
			Reason:      "this user may not open " + device,
			Mend:        `join the group kvm and log in again: sudo usermod -aG kvm "$USER"`,
		}
	default:
		return Result{Accelerator: TCG, Reason: err.Error()}
	}
}

// boot runs the probe guest under KVM. If that took too long, cold tells
// whether it was QEMU's first start for long.
func (p Probe) boot(ctx context.Context) (result Result, cold bool, err error) {
	if err := fault.At(ctx, "qemu.accel.probe"); err != nil {
		return Result{}, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	begin := time.Now()
	ending, err := p.Run(ctx, p.Binary, arguments())
	took := time.Since(begin).Round(time.Millisecond)
	switch {
	case ctx.Err() != nil:
		return Result{Accelerator: TCG, Reason: fmt.Sprintf(
			"KVM is there, but a tiny guest did not finish within %v: it is emulated or hangs", Limit)}, ending.Cold, nil
	case err != nil:
		return Result{}, false, err
	case ending.Status != doneStatus:
		return Result{}, false, fmt.Errorf("QEMU ended with status %d", ending.Status)
	}
	return Result{Accelerator: KVM, Reason: fmt.Sprintf("a tiny guest finished in %v under KVM", took)}, false, nil
}
