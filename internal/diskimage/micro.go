package diskimage

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/fault"
)

// Micro is a tiny system of busybox and dropbear on Debian's cloud kernel. It
// can be reached by SSH a few seconds after it is switched on, even when its
// machine is emulated.
type Micro struct {
	Mirror string // of Debian; empty for mmdebstrap's default
}

const (
	microSuite = "bookworm"
	microLabel = "micro-rootfs"
)

var (
	microPackages = []string{
		"linux-image-cloud-amd64", "busybox-static", "dropbear-bin", "openssh-sftp-server", "bash", "fdisk", "e2fsprogs", "util-linux",
	}
	microPrograms = []string{
		"usr/sbin/dropbear", "usr/bin/dropbearkey", "usr/lib/openssh/sftp-server", "bin/bash",
		"sbin/sfdisk", "usr/bin/partx", "sbin/resize2fs", "sbin/mke2fs", "sbin/e2fsck",
	}
	microModules = []string{
		"virtio_pci", "virtio_rng", "virtio_blk", "virtio_net", "button", "evdev", "virtio_scsi", "sd_mod",
	}
	// What the initramfs needs of busybox.
	microEarlyApplets = []string{"sh", "mount", "modprobe", "usleep", "switch_root"}
	microFolders      = []string{
		"bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "dev", "proc", "sys", "run", "mnt",
		"etc/dropbear", "root/.ssh", "var/log", "var/lib/droplet", "boot", "home", "opt", "srv", "tmp", "root",
	}
	microFolderModes = map[string]os.FileMode{"tmp": 0o777 | os.ModeSticky, "root": 0o700, "root/.ssh": 0o700}
	microLinks       = map[string]string{
		"usr/lib/sftp-server": "openssh/sftp-server", // where dropbear looks for it
		"sbin/mkfs.ext4":      "mke2fs",
		"var/run":             "../run",
	}
)

// Check implements Source.
func (Micro) Check(context.Context) error {
	if err := checkBuild(); err != nil {
		return fmt.Errorf("the micro image cannot be built here: %w", err)
	}
	return nil
}

// Get implements Source.
func (m Micro) Get(ctx context.Context, dest string, progress func(string)) error {
	return place(ctx, dest, func(ctx context.Context, dir string) error {
		if err := m.build(ctx, dir, reporter(progress)); err != nil {
			return fmt.Errorf("building the micro image: %w", err)
		}
		return nil
	})
}

func (m Micro) build(ctx context.Context, dir string, progress func(string)) error {
	progress("Fetching Debian packages")
	packages := filepath.Join(dir, "packages")
	if err := m.unpack(ctx, dir, packages); err != nil {
		return err
	}
	progress("Putting the system together")
	root := filepath.Join(dir, "root")
	if err := microRoot(ctx, packages, root); err != nil {
		return err
	}
	progress("Making the disk")
	d := disk{dir: dir, label: microLabel, espMiB: 4, rootMiB: 96, grub: grub{
		bios: grubImage{string(guestFile("micro/grub-bios.cfg")), []string{"part_gpt", "ext2", "search_label", "linux16", "boot"}},
		efi:  grubImage{string(guestFile("micro/grub-efi.cfg")), []string{"part_gpt", "ext2", "search_label", "linux", "boot"}},
	}}
	if err := d.make(ctx); err != nil {
		return err
	}
	if err := d.fill(ctx, root); err != nil {
		return err
	}
	return d.convert(ctx)
}

// unpack puts the files of Debian's packages into the folder packages. They are
// not installed: no script of theirs runs.
func (m Micro) unpack(ctx context.Context, dir, packages string) error {
	if err := fault.At(ctx, "diskimage.fetch"); err != nil {
		return err
	}
	archive := filepath.Join(dir, "packages.tar")
	args := []string{
		"--variant=extract", "--architectures=amd64", "--format=tar",
		"--include=" + strings.Join(microPackages, ","),
		"--dpkgopt=path-exclude=/usr/share/*",
		microSuite, archive,
	}
	if m.Mirror != "" {
		args = append(args, m.Mirror)
	}
	if err := run(ctx, dir, "mmdebstrap", args...); err != nil {
		return fmt.Errorf("fetching packages from Debian: %w", err)
	}
	if err := os.Mkdir(packages, 0o755); err != nil {
		return err
	}
	// Devices cannot be made by a user, and are of no use.
	if err := run(ctx, dir, "tar", "--extract", "--file="+archive, "--directory="+packages,
		"--no-same-owner", "--exclude=./dev/*"); err != nil {
		return fmt.Errorf("unpacking packages: %w", err)
	}
	return os.Remove(archive)
}

// microRoot makes the root file system in the folder root.
func microRoot(ctx context.Context, packages, root string) error {
	for _, path := range microFolders {
		if err := os.MkdirAll(filepath.Join(root, path), 0o755); err != nil {
			return err
		}
	}
	for path, mode := range microFolderModes {
		if err := os.Chmod(filepath.Join(root, path), mode); err != nil {
			return err
		}
	}
	if err := copyGuestFiles("micro/root", root); err != nil {
		return err
	}
	for _, path := range microPrograms {
		if err := copyProgram(packages, root, path); err != nil {
			return err
		}
	}
	for path, target := range microLinks {
		if err := os.Symlink(target, filepath.Join(root, path)); err != nil {
			return err
		}
	}
	if err := installBusybox(ctx, packages, root); err != nil {
		return err
	}
	return installKernel(packages, root)
}

// installBusybox copies busybox and links all that it can do to it, except what
// is there already.
func installBusybox(ctx context.Context, packages, root string) error {
	if err := copyProgram(packages, root, "bin/busybox"); err != nil {
		return err
	}
	var list bytes.Buffer
	busybox := command{name: filepath.Join(root, "bin/busybox"), args: []string{"--list-full"}, dir: root, out: &list}
	if err := busybox.run(ctx); err != nil {
		return fmt.Errorf("asking busybox what it can do: %w", err)
	}
	for path := range strings.FieldsSeq(list.String()) {
		link := filepath.Join(root, path)
		if _, err := os.Lstat(link); err == nil {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			return err
		}
		if err := os.Symlink("/bin/busybox", link); err != nil {
			return err
		}
	}
	return nil
}

// installKernel copies the kernel and the modules, and makes the initramfs.
func installKernel(packages, root string) error {
	kernels, err := filepath.Glob(filepath.Join(packages, "boot/vmlinuz-*"))
	if err != nil {
		return err
	}
	if len(kernels) != 1 {
		return fmt.Errorf("the packages hold %d kernels, expected one", len(kernels))
	}
	_, version, _ := strings.Cut(filepath.Base(kernels[0]), "-")
	if err := copyFile(kernels[0], filepath.Join(root, "boot/vmlinuz")); err != nil {
		return err
	}
	libModules := filepath.Join("lib/modules", version)
	modules, err := openModules(filepath.Join(packages, libModules))
	if err != nil {
		return err
	}
	if err := modules.copy(filepath.Join(root, libModules), microModules...); err != nil {
		return err
	}
	early, err := os.MkdirTemp(filepath.Dir(root), "initramfs-*")
	if err != nil {
		return err
	}
	if err := modules.copy(filepath.Join(early, libModules), microModules...); err != nil {
		return err
	}
	return writeInitramfs(early, root)
}

// writeInitramfs adds busybox and the init script to the folder early, and
// writes it as the initramfs of root.
func writeInitramfs(early, root string) error {
	for _, path := range []string{"bin", "dev", "proc", "sys", "root"} {
		if err := os.MkdirAll(filepath.Join(early, path), 0o755); err != nil {
			return err
		}
	}
	if err := copyFile(filepath.Join(root, "bin/busybox"), filepath.Join(early, "bin/busybox")); err != nil {
		return err
	}
	for _, applet := range microEarlyApplets {
		if err := os.Symlink("busybox", filepath.Join(early, "bin", applet)); err != nil {
			return err
		}
	}
	if err := copyGuestFiles("micro/initramfs", early); err != nil {
		return err
	}
	var archive bytes.Buffer
	if err := writeCpio(&archive, early); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "boot/initrd.img"), archive.Bytes(), 0o644)
}

func reporter(progress func(string)) func(string) {
	if progress == nil {
		return func(string) {}
	}
	return progress
}
