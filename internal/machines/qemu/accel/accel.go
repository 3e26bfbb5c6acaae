// Package accel chooses the accelerator that runs guests on this host. That
// /dev/kvm can be opened is not enough: under some hypervisors KVM is an
// interpreter, hundreds of times slower than QEMU's own translator. So accel runs
// a tiny guest under KVM, which must finish in time.
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

// Limit is how long the probe guest may take, including the start of QEMU.
// Hardware takes a tenth of it, and a KVM in software three times as much. There is
// a second try if QEMU had to be read from the disk in the first.
const Limit = 500 * time.Millisecond

// Result is the chosen accelerator.
type Result struct {
	Accelerator string // KVM or TCG
	Reason      string // why, a short human sentence
	Mend        string // what would make KVM work, if the host's user can do it; else empty
}

// Probe chooses the accelerator. Tests replace fields other than Binary; their zero
// values are the defaults.
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

// Find always returns a result: TCG if KVM can't be used for any reason. The error
// is only that of the context, or of fault injection.
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

// checkDevice returns a result if the device alone rules KVM out.
func (p Probe) checkDevice() (result Result, found bool) {
	f, err := os.OpenFile(p.Device, os.O_RDWR, 0)
	if err == nil {
		f.Close()
		return Result{}, false
	}
	return standsAgainst(p.Device, err), true
}

// standsAgainst explains why KVM can't be used if opening the device fails so.
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

// boot runs the probe guest under KVM. If that took too long, cold reports whether
// QEMU was read from the disk.
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
