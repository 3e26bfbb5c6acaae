package diskimage

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// microRoot makes the root file system in the folder root.
func microRoot(ctx context.Context, packages, root string) error {
	for _, path := range microFolders {
		if err := os.MkdirAll(filepath.Join(root, path), 0o755); err != nil {
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
	if err := os.CopyFS(filepath.Join(root, "lib/terminfo"), os.DirFS(filepath.Join(packages, "lib/terminfo"))); err != nil {
		return fmt.Errorf("copying what is known of terminals: %w", err)
	}
	if err := writeCertificates(packages, root); err != nil {
		return err
	}
	if err := installKernel(packages, root); err != nil {
		return err
	}
	return setModes(root, microModes)
}

// installBusybox copies busybox and makes a link to it for each of its commands,
// except those for which there is a file already.
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

// authorities is where the package ca-certificates keeps them, one a file.
const authorities = "usr/share/ca-certificates"

// writeCertificates makes the file with all authorities, which the package's
// own script would make if it ran.
func writeCertificates(packages, root string) error {
	files, err := filepath.Glob(filepath.Join(packages, authorities, "mozilla", "*.crt"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("the packages have no certificates in %s", authorities)
	}
	var all bytes.Buffer
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		all.Write(text)
	}
	dir := filepath.Join(root, "etc/ssl/certs")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "ca-certificates.crt"), all.Bytes(), 0o644)
}

// installKernel copies the kernel and the modules, and makes the initramfs.
func installKernel(packages, root string) error {
	kernels, err := filepath.Glob(filepath.Join(packages, "boot/vmlinuz-*"))
	if err != nil {
		return err
	}
	if len(kernels) != 1 {
		return fmt.Errorf("the packages have %d kernels, expected one", len(kernels))
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
	if err := setModes(early, nil); err != nil {
		return err
	}
	var archive bytes.Buffer
	if err := writeCpio(&archive, early); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "boot/initrd.img"), archive.Bytes(), 0o644)
}
