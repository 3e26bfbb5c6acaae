package diskimage

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
)

const (
	sectorSize = 512
	mib        = 1 << 20
)

// Types of GPT partitions, from the UEFI specification, GRUB's manual and the
// Discoverable Partitions Specification.
const (
	typeBIOSBoot = "21686148-6449-6E6F-744E-656564454649"
	typeESP      = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
	typeRoot     = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709" // x86-64
)

// disk is a raw disk that is being made. It has a GPT with GRUB's partition for
// BIOS, the EFI system partition, and the root file system. That is the last so
// that it can grow.
type disk struct {
	dir     string // where it and its parts are made
	label   string // of the root file system
	espMiB  int64
	rootMiB int64
	grub    grub
}

const biosMiB = 1

func (d disk) path() string       { return filepath.Join(d.dir, "disk.raw") }
func (d disk) mke2fsConf() string { return filepath.Join(d.dir, "mke2fs.conf") }
func (d disk) biosAt() int64      { return 1 * mib }
func (d disk) espAt() int64       { return d.biosAt() + biosMiB*mib }
func (d disk) rootAt() int64      { return d.espAt() + d.espMiB*mib }
func (d disk) size() int64        { return d.rootAt() + d.rootMiB*mib + 1*mib } // the backup GPT
func sectors(bytes int64) int64   { return bytes / sectorSize }

// make writes everything but the root file system.
func (d disk) make(ctx context.Context) error {
	if err := fault.At(ctx, "diskimage.assemble"); err != nil {
		return err
	}
	if err := os.WriteFile(d.mke2fsConf(), mke2fsConf, 0o644); err != nil {
		return err
	}
	if err := d.partition(ctx); err != nil {
		return fmt.Errorf("partitioning the disk: %w", err)
	}
	core, efi, err := d.grub.mkimage(ctx, d.dir)
	if err != nil {
		return fmt.Errorf("making the boot loaders: %w", err)
	}
	if err := d.installBIOS(core); err != nil {
		return fmt.Errorf("installing the BIOS boot loader: %w", err)
	}
	if err := d.installEFI(ctx, efi); err != nil {
		return fmt.Errorf("installing the UEFI boot loader: %w", err)
	}
	return nil
}

func (d disk) partition(ctx context.Context) error {
	if err := os.WriteFile(d.path(), nil, 0o600); err != nil {
		return err
	}
	if err := os.Truncate(d.path(), d.size()); err != nil {
		return err
	}
	var script strings.Builder
	script.WriteString("label: gpt\n")
	for _, p := range []struct {
		at, mib int64
		kind    string
	}{
		{d.biosAt(), biosMiB, typeBIOSBoot},
		{d.espAt(), d.espMiB, typeESP},
		{d.rootAt(), d.rootMiB, typeRoot},
	} {
		fmt.Fprintf(&script, "start=%d, size=%d, type=%s\n", sectors(p.at), sectors(p.mib*mib), p.kind)
	}
	return command{
		name: "sfdisk", args: []string{"--quiet", d.path()}, dir: d.dir, stdin: strings.NewReader(script.String()),
	}.run(ctx)
}

func (d disk) installBIOS(corePath string) error {
	bootImg, err := os.ReadFile(grubDir + "/i386-pc/boot.img")
	if err != nil {
		return err
	}
	core, err := os.ReadFile(corePath)
	if err != nil {
		return err
	}
	sector := uint64(sectors(d.biosAt()))
	code, err := bootCode(bootImg, sector)
	if err != nil {
		return err
	}
	core, err = placedCore(core, sector, biosMiB*mib)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(d.path(), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, codeErr := f.WriteAt(code, 0)
	_, coreErr := f.WriteAt(core, d.biosAt())
	return errors.Join(codeErr, coreErr, f.Close())
}

func (d disk) installEFI(ctx context.Context, efi string) error {
	image := d.path() + "@@" + strconv.FormatInt(d.espAt(), 10)
	size := strconv.FormatInt(sectors(d.espMiB*mib), 10)
	for _, c := range [][]string{
		{"mformat", "-i", image, "-T", size, "-h", "255", "-s", "63", "-v", "ESP", "::"},
		{"mmd", "-i", image, "::/EFI", "::/EFI/BOOT"},
		{"mcopy", "-i", image, efi, "::/EFI/BOOT/BOOTX64.EFI"},
	} {
		if err := run(ctx, d.dir, c[0], c[1:]...); err != nil {
			return err
		}
	}
	return nil
}

//go:embed mke2fs.conf
var mke2fsConf []byte

// mke2fs returns the command that makes the root file system of the folder
// from, in the disk under the name of file.
func (d disk) mke2fs(from, file string) (args []string) {
	return []string{
		"mke2fs", "-q", "-F", "-t", "ext4", "-L", d.label, "-m", "1",
		"-E", fmt.Sprintf("offset=%d,root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0", d.rootAt()),
		"-d", from, file, strconv.FormatInt(d.rootMiB, 10) + "M",
	}
}

// fill makes the root file system of the folder from. All its files belong to root.
func (d disk) fill(ctx context.Context, from string) error {
	if err := fault.At(ctx, "diskimage.filesystem"); err != nil {
		return err
	}
	args := d.mke2fs(from, d.path())
	if os.Geteuid() != 0 {
		args = append([]string{"unshare", "--map-root-user"}, args...)
	}
	if err := (command{name: args[0], args: args[1:], dir: d.dir, env: []string{"MKE2FS_CONFIG=" + d.mke2fsConf()}}).run(ctx); err != nil {
		return fmt.Errorf("making the root file system: %w", err)
	}
	return nil
}

// convert writes the finished disk as qcow2.
func (d disk) convert(ctx context.Context) error {
	if err := fault.At(ctx, "diskimage.convert"); err != nil {
		return err
	}
	err := run(ctx, d.dir, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", d.path(), filepath.Join(d.dir, imageFile))
	if err != nil {
		return fmt.Errorf("converting the disk to qcow2: %w", err)
	}
	return nil
}
