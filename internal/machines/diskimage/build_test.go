package diskimage

import (
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
)

func TestCheckNamesAllThatIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, source := range []Source{Micro{}, Debian{Suite: "bookworm"}} {
		err := source.Check(t.Context())
		if err == nil {
			t.Fatalf("%T: no error without any program", source)
		}
		// The other programs may be in /usr/sbin.
		for _, want := range []string{
			"mmdebstrap, qemu-img", "mformat, mmd, mcopy, grub-mkimage",
			"sudo apt install mmdebstrap qemu-utils", "mtools grub-common",
		} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%T: %q lacks %q", source, err, want)
			}
		}
	}
}

func TestMissingNamesEachPackageOnce(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	err := missing([]need{{"no-tool", "a"}, {"sh", "dash"}, {"no-other", "a"}}, []need{{"/", "base-files"}, {none, "b"}})
	want := "missing: no-tool, no-other, " + none + "; install with: sudo apt install a b"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// needBuild skips the test where no image can be built.
func needBuild(t *testing.T) {
	t.Helper()
	if err := (Micro{}).Check(t.Context()); err != nil {
		needs.Skip(t, "%v", err)
	}
}

func TestMicroIsBuilt(t *testing.T) {
	needBuild(t)
	setUmask(t)
	dir := t.TempDir()
	dest := filepath.Join(dir, "micro.qcow2")
	var progress []string
	if err := (Micro{}).Get(t.Context(), dest, func(s string) { progress = append(progress, s) }); err != nil {
		t.Fatal(err)
	}
	expectOnly(t, dir, "micro.qcow2")
	if len(progress) == 0 {
		t.Error("no progress was reported")
	}
	if err := checkStandalone(dest); err != nil {
		t.Error(err)
	}
	out, err := exec.CommandContext(t.Context(), "qemu-img", "info", "--output=json", dest).Output()
	if err != nil {
		t.Fatal(err)
	}
	var info struct {
		Format string `json:"format"`
		Size   int64  `json:"virtual-size"`
	}
	if err := json.Unmarshal(out, &info); err != nil {
		t.Fatal(err)
	}
	if info.Format != "qcow2" || info.Size > 150*mib {
		t.Errorf("format %s, %d bytes; want qcow2 of at most 150 MiB", info.Format, info.Size)
	}
	if err := run(t.Context(), dir, "qemu-img", "check", "-f", "qcow2", dest); err != nil {
		t.Error(err)
	}
	expectMicroModes(t, t.Context(), dest)
}

// A failure or a cancellation at any point leaves no file.
func TestMicroFailsHalfWay(t *testing.T) {
	needBuild(t)
	failure := errors.New("the disk is on fire")
	for _, point := range []string{"diskimage.leftovers", "diskimage.folder", "diskimage.fetch", "diskimage.scratch"} {
		t.Run(point, func(t *testing.T) {
			dir := t.TempDir()
			ctx := fault.With(t.Context(), func(at string) error {
				if at == point {
					return failure
				}
				return nil
			})
			if err := (Micro{}).Get(ctx, filepath.Join(dir, "micro.qcow2"), nil); !errors.Is(err, failure) {
				t.Errorf("error %v, want %v", err, failure)
			}
			expectOnly(t, dir)
		})
	}
}

func TestBuildCancelledWhileFetching(t *testing.T) {
	needBuild(t)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	err := Debian{Suite: "bookworm"}.Get(ctx, filepath.Join(dir, "debian.qcow2"), func(s string) {
		if strings.HasPrefix(s, "Installing") {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	expectOnly(t, dir)
}

// The disk is made without a download, so a test can fail at each of its points.
func TestDiskFailsHalfWay(t *testing.T) {
	needBuild(t)
	failure := errors.New("the disk is on fire")
	for _, point := range []string{
		"diskimage.assemble", "diskimage.grub", "diskimage.filesystem", "diskimage.convert", "diskimage.rename",
	} {
		t.Run(point, func(t *testing.T) {
			dir, from := t.TempDir(), t.TempDir()
			reached := false
			ctx := fault.With(t.Context(), func(at string) error {
				if at != point {
					return nil
				}
				reached = true
				return failure
			})
			err := place(ctx, filepath.Join(dir, "image"), func(ctx context.Context, tmp string) error {
				return smallDisk(tmp).build(ctx, from)
			})
			if !errors.Is(err, failure) || !reached {
				t.Errorf("error %v, want %v", err, failure)
			}
			expectOnly(t, dir)
		})
	}
}

// smallDisk boots nothing.
func smallDisk(dir string) disk {
	image := grubImage{config: "boot\n", modules: []string{"part_gpt", "ext2", "boot"}}
	return disk{dir: dir, label: "small", espMiB: 4, rootMiB: 8, grub: grub{bios: image, efi: image}}
}

// build makes the whole disk with the files of the folder from.
func (d disk) build(ctx context.Context, from string) error {
	if err := d.make(ctx); err != nil {
		return err
	}
	if err := d.fill(ctx, from); err != nil {
		return err
	}
	return d.convert(ctx)
}
