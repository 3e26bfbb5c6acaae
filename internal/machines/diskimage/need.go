package diskimage

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// need is something that must be on this machine, and the Debian package that
// brings it.
type need struct{ name, pkg string }

var (
	diskTools = []need{
		{"qemu-img", "qemu-utils"},
		{"sfdisk", "fdisk"},
		{"mke2fs", "e2fsprogs"},
		{"mformat", "mtools"},
		{"mmd", "mtools"},
		{"mcopy", "mtools"},
		{"grub-mkimage", "grub-common"},
	}
	diskFiles = []need{
		{grubDir + "/i386-pc/boot.img", "grub-pc-bin"},
		{grubDir + "/x86_64-efi/modinfo.sh", "grub-efi-amd64-bin"},
	}
	bootstrapTools = []need{{"mmdebstrap", "mmdebstrap"}}
	bootstrapFiles = []need{{"/usr/share/keyrings/debian-archive-keyring.gpg", "debian-archive-keyring"}}
	// Without root, mmdebstrap works in a user namespace.
	rootlessTools = []need{{"newuidmap", "uidmap"}, {"unshare", "util-linux"}}
)

// checkBuild returns an error that names what is missing to build an image from
// packages.
func checkBuild() error {
	tools := slices.Concat(bootstrapTools, diskTools)
	if os.Geteuid() != 0 {
		tools = slices.Concat(tools, rootlessTools)
	}
	return missing(tools, slices.Concat(bootstrapFiles, diskFiles))
}

// missing returns an error that names all tools and files that are not there.
func missing(tools, files []need) error {
	var names, pkgs []string
	lack := func(n need) {
		names = append(names, n.name)
		if !slices.Contains(pkgs, n.pkg) {
			pkgs = append(pkgs, n.pkg)
		}
	}
	for _, n := range tools {
		if _, err := findTool(n.name); err != nil {
			lack(n)
		}
	}
	for _, n := range files {
		if _, err := os.Stat(n.name); err != nil {
			lack(n)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("missing: %s; install with: sudo apt install %s",
		strings.Join(names, ", "), strings.Join(pkgs, " "))
}
