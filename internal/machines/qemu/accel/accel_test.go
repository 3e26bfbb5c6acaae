package accel

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
)

// device is a file that opens as /dev/kvm does.
func device(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kvm")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFind(t *testing.T) {
	for name, test := range map[string]struct {
		run             func(ctx context.Context) (Ending, error)
		accelerator, in string
	}{
		"the guest finishes": {func(context.Context) (Ending, error) {
			time.Sleep(50 * time.Millisecond)
			return Ending{Status: doneStatus}, nil
		}, KVM, "50ms"},
		"the guest is slow": {func(ctx context.Context) (Ending, error) {
			<-ctx.Done()
			return Ending{Status: -1}, errors.New("killed")
		}, TCG, "did not finish within 500ms"},
		"QEMU refuses": {func(context.Context) (Ending, error) {
			return Ending{Status: 1}, errors.New("failed to initialize kvm")
		}, TCG, "failed to initialize kvm"},
		"the guest ends otherwise": {func(context.Context) (Ending, error) { return Ending{}, nil }, TCG, "status 0"},
	} {
		t.Run(name, func(t *testing.T) {
			path := device(t)
			synctest.Test(t, func(t *testing.T) {
				got, err := Probe{Binary: "qemu", Device: path, Run: func(ctx context.Context, binary string, args []string) (Ending, error) {
					if binary != "qemu" || !slices.Contains(args, "kvm") {
						t.Errorf("%s %v is no QEMU with KVM", binary, args)
					}
					return test.run(ctx)
				}}.Find(t.Context())
				if err != nil || got.Accelerator != test.accelerator || !strings.Contains(got.Reason, test.in) {
					t.Errorf("%+v, %v, want %s because %q", got, err, test.accelerator, test.in)
				}
			})
		})
	}
}

// TestFindTriesAgain: a try that is slow because QEMU is read from the disk is
// repeated. One that is slow for another reason is not.
func TestFindTriesAgain(t *testing.T) {
	for cold, want := range map[bool]string{true: KVM, false: TCG} {
		path := device(t)
		synctest.Test(t, func(t *testing.T) {
			begin, tries := time.Now(), 0
			got, err := Probe{Device: path, Run: func(ctx context.Context, _ string, _ []string) (Ending, error) {
				if tries++; tries == 1 {
					<-ctx.Done()
					return Ending{Status: -1, Cold: cold}, errors.New("killed")
				}
				return Ending{Status: doneStatus}, nil
			}}.Find(t.Context())
			if err != nil || got.Accelerator != want || time.Since(begin) > 1100*time.Millisecond {
				t.Errorf("cold=%v: %+v, %v after %v, want %s", cold, got, err, time.Since(begin), want)
			}
		})
	}
}

func TestFindWithoutDevice(t *testing.T) {
	got, err := Probe{Device: filepath.Join(t.TempDir(), "kvm"), Run: mustNotRun(t)}.Find(t.Context())
	if err != nil || got.Accelerator != TCG || !strings.Contains(got.Reason, "is not there") || !strings.Contains(got.Mend, "modprobe") {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestCheckDeviceForbidden(t *testing.T) {
	// Root may open any file, so the test passes the errors.
	for err, want := range map[error]string{
		syscall.EACCES: "group kvm",
		syscall.ENOENT: "modprobe",
		syscall.ENXIO:  "",
	} {
		got := standsAgainst("/dev/kvm", err)
		if got.Accelerator != TCG || got.Reason == "" || !strings.Contains(got.Mend, want) || want == "" && got.Mend != "" {
			t.Errorf("%v gives %+v", err, got)
		}
	}
}

func TestFindPassesErrorsOn(t *testing.T) {
	crash := fault.With(t.Context(), func(string) error { return fault.ErrCrash })
	if _, err := (Probe{Device: device(t), Run: mustNotRun(t)}).Find(crash); !errors.Is(err, fault.ErrCrash) {
		t.Errorf("error %v, want ErrCrash", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	run := func(context.Context, string, []string) (Ending, error) { return Ending{}, errors.New("killed") }
	if _, err := (Probe{Device: device(t), Run: run}).Find(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func mustNotRun(t *testing.T) func(context.Context, string, []string) (Ending, error) {
	return func(context.Context, string, []string) (Ending, error) {
		t.Error("QEMU was run")
		return Ending{}, nil
	}
}

// TestROM runs the guest for real, under TCG, where it must finish as well.
func TestROM(t *testing.T) {
	binary := needs.Program(t, "qemu-system-x86_64", "qemu-system-x86")
	args := arguments()
	args[slices.Index(args, "kvm")] = "tcg"
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if ending, err := run(ctx, binary, args); err != nil || ending.Status != doneStatus {
		t.Errorf("%+v, %v, want status %d", ending, err, doneStatus)
	}
}
