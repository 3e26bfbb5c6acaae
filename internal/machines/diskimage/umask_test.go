package diskimage

import (
	"archive/tar"
	"context"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// setUmask sets a umask with which only the owner may use new files, as some
// services do. The process has one umask, so no test that uses it may be parallel.
func setUmask(t *testing.T) {
	t.Helper()
	old := syscall.Umask(0o077)
	t.Cleanup(func() { syscall.Umask(old) })
}

func TestDebianFilesHaveTheirModesWhateverTheUmask(t *testing.T) {
	setUmask(t)
	dir := t.TempDir()
	archive := filepath.Join(dir, "files.tar")
	if err := (Debian{}).writeFiles(t.Context(), dir, archive); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	modes := map[string]fs.FileMode{}
	for r := tar.NewReader(f); ; {
		header, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		modes[filepath.Clean(header.Name)] = header.FileInfo().Mode().Perm()
	}
	for path, want := range map[string]fs.FileMode{
		".": 0o755, "etc": 0o755, "etc/fstab": 0o644, "etc/initramfs-tools/hooks/droplet": 0o755,
	} {
		if got, ok := modes[path]; !ok || got != want {
			t.Errorf("%s has the mode %o (found: %v), want %o", path, got, ok, want)
		}
	}
}

func TestSetModes(t *testing.T) {
	setUmask(t)
	tree := t.TempDir()
	if err := copyGuestFiles("micro/root", tree); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/nonexistent", filepath.Join(tree, "link")); err != nil {
		t.Fatal(err)
	}
	if err := setModes(tree, map[string]fs.FileMode{"etc/shadow": 0o600}); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{
		".": 0o755, "etc": 0o755, "etc/passwd": 0o644, "etc/shadow": 0o600, "sbin/halt": 0o755,
	} {
		info, err := os.Stat(filepath.Join(tree, path))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has the mode %o, want %o", path, info.Mode().Perm(), want)
		}
	}
}

// expectMicroModes looks into the root file system of the micro image.
func expectMicroModes(t *testing.T, ctx context.Context, image string) {
	t.Helper()
	raw := filepath.Join(t.TempDir(), "disk.raw")
	if err := run(ctx, filepath.Dir(raw), "qemu-img", "convert", "-O", "raw", image, raw); err != nil {
		t.Fatal(err)
	}
	debugfs, err := findTool("debugfs")
	if err != nil {
		t.Fatal(err)
	}
	const offset = "6291456" // behind 1 MiB of tables, 1 MiB for BIOS and 4 MiB for EFI
	for path, want := range map[string]string{
		"/": "0755", "/etc": "0755", "/etc/passwd": "0644", "/etc/shadow": "0600", "/root": "0700", "/tmp": "01777",
		"/usr/lib": "0755", "/bin/bash": "0755", "/usr/lib/droplet/boot": "0755", "/boot/initrd.img": "0644",
		"/lib/modules": "0755", "/sbin/reboot": "0755", "/sbin/shutdown": "0755", "/usr/bin/wget": "0755",
		"/etc/os-release": "0644", "/etc/ssl/certs/ca-certificates.crt": "0644", "/lib/terminfo/x/xterm-256color": "0644",
	} {
		out, err := exec.CommandContext(ctx, debugfs, "-R", "stat "+path, raw+"?offset="+offset).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "Mode:  "+want+" ") {
			t.Errorf("%s: want the mode %s (%v):\n%s", path, want, err, out)
		}
	}
}
