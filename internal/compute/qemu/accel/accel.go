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
	"os/exec"
	"path/filepath"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/fault"
)

// The accelerators, by QEMU's names.
const (
	KVM = "kvm" // the processor's own virtualization
	TCG = "tcg" // translation in software, works everywhere
)

// Limit is how long the probe guest may take, with QEMU's start. Hardware
// needs a tenth of it, and a KVM in software three times as much.
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

	// Run starts QEMU and returns its exit status; default: as a process.
	Run func(ctx context.Context, binary string, args []string) (status int, err error)
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
	result, err := p.boot(ctx)
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

// boot runs the probe guest under KVM.
func (p Probe) boot(ctx context.Context) (Result, error) {
	if err := fault.At(ctx, "qemu.accel.probe"); err != nil {
		return Result{}, err
	}
	dir, err := os.MkdirTemp("", "rockpool-probe-")
	if err != nil {
		return Result{}, err
	}
	defer os.RemoveAll(dir)
	firmware := filepath.Join(dir, "rom")
	if err := os.WriteFile(firmware, rom(), 0o600); err != nil {
		return Result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	begin := time.Now()
	status, err := p.Run(ctx, p.Binary, arguments(firmware))
	took := time.Since(begin).Round(time.Millisecond)
	switch {
	case ctx.Err() != nil:
		return Result{Accelerator: TCG, Reason: fmt.Sprintf(
			"KVM is there, but a tiny guest did not finish within %v: it is emulated or hangs", Limit)}, nil
	case err != nil:
		return Result{}, err
	case status != doneStatus:
		return Result{}, fmt.Errorf("QEMU ended with status %d", status)
	}
	return Result{Accelerator: KVM, Reason: fmt.Sprintf("a tiny guest finished in %v under KVM", took)}, nil
}

func arguments(firmware string) []string {
	return []string{
		"-machine", "pc", "-accel", "kvm", "-m", "16",
		"-nodefaults", "-no-user-config", "-display", "none", "-vga", "none",
		"-bios", firmware,
		"-device", fmt.Sprintf("isa-debug-exit,iobase=%#x,iosize=1", exitPort),
	}
}

func run(ctx context.Context, binary string, args []string) (int, error) {
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.WaitDelay = time.Second
	output, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if exit.ExitCode() == doneStatus {
			return doneStatus, nil
		}
		return exit.ExitCode(), fmt.Errorf("%w: %s", err, output)
	}
	return 0, err
}
