package diskimage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
)

// Debian is a release of Debian, installed from its own packages, with
// cloud-init. Its kernel and everything else is upgraded by apt as on any other
// machine.
type Debian struct {
	Suite  string // "bullseye", "bookworm", "trixie"
	Mirror string // of Debian; empty for mmdebstrap's default
}

const debianLabel = "cloudimg-rootfs" // as in Debian's own cloud images

// The cloud flavour is Debian's stock kernel without drivers for hardware that
// no virtual machine has. libpam-systemd is left out: the manager that it starts
// for each user makes the first login of an emulated machine seconds slower.
var debianPackages = []string{
	"linux-image-cloud-amd64", "initramfs-tools", "zstd",
	"systemd-sysv", "udev", "dbus", "systemd-timesyncd", "kmod", "procps",
	"cloud-init", "cloud-guest-utils", "fdisk", "e2fsprogs", "openssh-server",
	"iproute2", "iputils-ping", "netbase", "ca-certificates", "curl", "sudo", "less", "vim-tiny", "tzdata",
	"debian-archive-keyring",
}

// Check implements Source.
func (s Debian) Check(context.Context) error {
	if err := checkBuild(); err != nil {
		return fmt.Errorf("the image of Debian %s cannot be built here: %w", s.Suite, err)
	}
	return nil
}

// Get implements Source.
func (s Debian) Get(ctx context.Context, dest string, progress func(string)) error {
	return place(ctx, dest, func(ctx context.Context, dir string) error {
		if err := s.build(ctx, dir, reporter(progress)); err != nil {
			return fmt.Errorf("building the image of Debian %s: %w", s.Suite, err)
		}
		return nil
	})
}

func (s Debian) build(ctx context.Context, dir string, progress func(string)) error {
	modules := []string{
		"part_gpt", "ext2", "search_label", "configfile", "normal", "test", "echo", "ls", "linux", "boot",
	}
	early := string(guestFile("debian/early.cfg"))
	d := disk{dir: dir, label: debianLabel, espMiB: 64, rootMiB: 2048, grub: grub{
		bios: grubImage{early, append([]string{"linux16"}, modules...)},
		efi:  grubImage{early, modules},
	}}
	progress("Making the disk")
	if err := d.make(ctx); err != nil {
		return err
	}
	progress("Installing Debian's packages, which takes a minute")
	if err := s.install(ctx, d); err != nil {
		return err
	}
	progress("Writing the image")
	return d.convert(ctx)
}

// install makes the root file system. mmdebstrap's hook inherits the disk as an
// open file, because in a user namespace it could not open it by name.
func (s Debian) install(ctx context.Context, d disk) error {
	if err := fault.At(ctx, "diskimage.fetch"); err != nil {
		return err
	}
	files := filepath.Join(d.dir, "files.tar")
	if err := s.writeFiles(ctx, d.dir, files); err != nil {
		return fmt.Errorf("packing our own files: %w", err)
	}
	image, err := os.OpenFile(d.path(), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer image.Close()
	conf, err := os.Open(d.mke2fsConf())
	if err != nil {
		return err
	}
	defer conf.Close()
	if err := image.Chmod(0o666); err != nil {
		return err
	}
	args := []string{
		"--variant=minbase", "--architectures=amd64", "--format=null",
		"--skip=cleanup", // the folder is removed as a whole
		"--include=" + strings.Join(s.packages(), ","),
		"--essential-hook=tar-in " + shellQuote(files) + " /",
		"--customize-hook=" + string(guestFile("debian/customize.sh")),
		s.Suite, "-",
	}
	if s.Mirror != "" {
		args = append(args, s.Mirror)
	}
	return mmdebstrap(ctx, command{
		args: args, dir: d.dir, files: []*os.File{image, conf},
		env: []string{
			"MKE2FS=" + strings.Join(d.mke2fs("/mnt", "/proc/self/fd/3"), " "),
			"MKE2FS_CONFIG=/proc/self/fd/4",
		},
	})
}

func (s Debian) packages() []string {
	if s.Suite == "bullseye" {
		return debianPackages // its systemd has the resolver in it
	}
	return append([]string{"systemd-resolved"}, debianPackages...)
}

// writeFiles packs Rockpool's own files for the root file system.
func (s Debian) writeFiles(ctx context.Context, dir, archive string) error {
	tree := filepath.Join(dir, "files")
	if err := copyGuestFiles("debian/root", tree); err != nil {
		return err
	}
	return run(ctx, dir, "tar", "--create", "--file="+archive, "--directory="+tree,
		"--owner=root:0", "--group=root:0", "--mode=u=rwX,go=rX", ".")
}

// shellQuote returns s as one word of a shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
