package diskimage

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
)

const grubDir = "/usr/lib/grub"

// Offsets in GRUB's boot.img and in the first sector of its core.img, from
// include/grub/i386/pc/boot.h and grub-core/boot/i386/pc of GRUB 2.
const (
	bootCodeSize      = 440  // what an MBR leaves for code
	bootKernelSector  = 0x5c // little-endian uint64: where core.img starts
	bootDriveCheck    = 0x66 // two bytes: a jump over the guess of the drive
	coreBlocklist     = 500  // little-endian uint64: where core.img goes on
	x86Nop            = 0x90
	coreMinimumLength = sectorSize
)

// grub is what the two boot loaders of a disk are made of.
type grub struct{ bios, efi grubImage }

// grubImage is one boot loader in a file.
type grubImage struct {
	config  string   // run first, before any other is found
	modules []string // besides those for the firmware's disks
}

// mkimage writes core.img for BIOS and bootx64.efi for UEFI to dir.
func (g grub) mkimage(ctx context.Context, dir string) (core, efi string, err error) {
	core, efi = filepath.Join(dir, "core.img"), filepath.Join(dir, "bootx64.efi")
	if err := g.bios.write(ctx, "i386-pc", core, "biosdisk"); err != nil {
		return "", "", err
	}
	return core, efi, g.efi.write(ctx, "x86_64-efi", efi, "fat")
}

// write makes the image, in one of GRUB's formats, with one more module.
func (g grubImage) write(ctx context.Context, format, path, module string) error {
	if err := fault.At(ctx, "diskimage.grub"); err != nil {
		return err
	}
	config := path + ".cfg"
	if err := os.WriteFile(config, []byte(g.config), 0o600); err != nil {
		return err
	}
	args := []string{
		"--directory=" + grubDir + "/" + format, "--format=" + format, "--prefix=/boot/grub",
		"--config=" + config, "--output=" + path, module,
	}
	return run(ctx, filepath.Dir(path), "grub-mkimage", append(args, g.modules...)...)
}

// bootCode returns the code for the MBR: boot.img with the number of the sector
// where core.img starts.
func bootCode(bootImg []byte, coreSector uint64) ([]byte, error) {
	if len(bootImg) != sectorSize {
		return nil, fmt.Errorf("GRUB's boot.img has %d bytes, expected %d", len(bootImg), sectorSize)
	}
	code := append([]byte(nil), bootImg[:bootCodeSize]...)
	binary.LittleEndian.PutUint64(code[bootKernelSector:], coreSector)
	// Trust the firmware's drive number only if it names a hard disk, as
	// grub-install does for one.
	code[bootDriveCheck], code[bootDriveCheck+1] = x86Nop, x86Nop
	return code, nil
}

// placedCore returns core.img with the number of its second sector, which follows
// the first. That is at the given sector of the disk.
func placedCore(core []byte, sector uint64, room int64) ([]byte, error) {
	switch {
	case len(core) <= coreMinimumLength:
		return nil, fmt.Errorf("GRUB's core.img has only %d bytes", len(core))
	case int64(len(core)) > room:
		return nil, fmt.Errorf("GRUB's core.img has %d bytes, its partition %d", len(core), room)
	}
	placed := append([]byte(nil), core...)
	binary.LittleEndian.PutUint64(placed[coreBlocklist:], sector+1)
	return placed, nil
}
