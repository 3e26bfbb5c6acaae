package diskimage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
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
		"linux-image-cloud-amd64", "busybox-static", "dropbear-bin", "openssh-sftp-server", "bash", "ncurses-base", "fdisk", "e2fsprogs", "util-linux",
		"wget", "ca-certificates",
	}
	microPrograms = []string{
		"usr/sbin/dropbear", "usr/bin/dropbearkey", "usr/lib/openssh/sftp-server", "bin/bash",
		"sbin/sfdisk", "usr/bin/partx", "sbin/resize2fs", "sbin/mke2fs", "sbin/e2fsck",
		// wget of busybox crashes with the option -T, and checks no certificate.
		"usr/bin/wget",
	}
	microModules = []string{
		"virtio_pci", "virtio_rng", "virtio_blk", "virtio_net", "button", "evdev", "virtio_scsi", "sd_mod",
	}
	// What the initramfs needs of busybox.
	microEarlyApplets = []string{"sh", "mount", "modprobe", "usleep", "switch_root"}
	microFolders      = []string{
		"bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "dev", "proc", "sys", "run", "mnt",
		"etc/dropbear", "var/spool/cron/crontabs", "root/.ssh", "var/log", "var/lib/droplet", "boot", "home", "opt", "srv", "tmp", "root",
	}
	microModes = map[string]os.FileMode{"tmp": 0o777 | os.ModeSticky, "root": 0o700, "root/.ssh": 0o700, "etc/shadow": 0o600}
	microLinks = map[string]string{
		// Not the shell of busybox: it prefers its built-in commands to the programs
		// that replace them, which are our reboot and Debian's wget.
		"bin/sh":              "bash",
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
		"--dpkgopt=path-include=/" + authorities + "/*",
		microSuite, archive,
	}
	if m.Mirror != "" {
		args = append(args, m.Mirror)
	}
	if err := mmdebstrap(ctx, command{args: args, dir: dir}); err != nil {
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

func reporter(progress func(string)) func(string) {
	if progress == nil {
		return func(string) {}
	}
	return progress
}
