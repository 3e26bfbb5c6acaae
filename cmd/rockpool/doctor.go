package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/cloud/address"
	"github.com/rockpool-cloud/rockpool/internal/machines/diskimage"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/accel"
)

type doctorCommand struct {
	dataFlag
	budgetFlags
}

// finding is the result of one check of the doctor.
type finding struct {
	what, state string
	mend        string // the command that solves the problem; empty if there is none
	vital       bool   // machines cannot run while this check fails
}

func (c *doctorCommand) Run(ctx context.Context) error {
	findings := append(programs(ctx), accelerator(ctx), images(ctx), sshPort(), c.folder(), c.disk(), c.budget(ctx))
	sick := false
	for _, f := range findings {
		mark := "ok  "
		if f.mend != "" {
			mark = "note"
			if f.vital {
				mark, sick = "FAIL", true
			}
		}
		fmt.Printf("%s  %-12s %s\n", mark, f.what, f.state)
		if f.mend != "" {
			fmt.Printf("      %-12s mend: %s\n", "", f.mend)
		}
	}
	if sick {
		return errors.New("droplets can't run here yet")
	}
	return nil
}

// programs checks the programs that every machine needs.
func programs(ctx context.Context) []finding {
	return []finding{
		tool(ctx, "QEMU", "qemu-system-x86_64", "qemu-system-x86", true),
		tool(ctx, "qemu-img", "qemu-img", "qemu-utils", true),
	}
}

func tool(ctx context.Context, what, program, debianPackage string, vital bool) finding {
	f := finding{what: what, vital: vital}
	path, err := exec.LookPath(program)
	if err != nil {
		f.state, f.mend = program+" is not installed", "sudo apt-get install "+debianPackage
		return f
	}
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		f.state, f.mend = fmt.Sprintf("%s does not run: %v", path, err), "sudo apt-get install --reinstall "+debianPackage
		return f
	}
	f.state, _, _ = strings.Cut(string(out), "\n")
	return f
}

func accelerator(ctx context.Context) finding {
	f := finding{what: "accelerator"}
	path, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		f.state = "not probed without QEMU"
		return f
	}
	result, err := accel.Probe{Binary: path}.Find(ctx)
	if err != nil {
		f.state = "the probe failed: " + err.Error()
		return f
	}
	f.state, f.mend = fmt.Sprintf("%s: %s", result.Accelerator, result.Reason), result.Mend
	return f
}

func images(ctx context.Context) finding {
	f := finding{what: "images", state: "micro and Debian can be built"}
	if err := (diskimage.Debian{Suite: "bookworm"}).Check(ctx); err != nil {
		state, mend, _ := strings.Cut(err.Error(), "; install with: ")
		f.state, f.mend = "micro and Debian can't be built, "+state, mend
	}
	return f
}

// sshPort checks whether a process can listen on port 22 of a loopback
// address, as each droplet on network user does.
func sshPort() finding {
	f := finding{what: "port 22", state: "free on the droplets' addresses"}
	at := netip.MustParseAddrPort("127.18.255.254:22")
	if address.Usable(at) {
		return f
	}
	f.state = "not to be had on the droplets' addresses: SSH will be at port 2222 of each"
	f.mend = mendSSHPort()
	return f
}

// mendSSHPort returns the command that makes port 22 available to droplets.
func mendSSHPort() string {
	if os.Geteuid() == 0 || unprivilegedPortStart() <= 22 {
		return "let this machine's own sshd listen on its own addresses only (ListenAddress in /etc/ssh/sshd_config)"
	}
	return "sudo sysctl -w net.ipv4.ip_unprivileged_port_start=22"
}

func unprivilegedPortStart() int {
	start := 1024
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start"); err == nil {
		fmt.Sscan(string(text), &start)
	}
	return start
}

// folder checks whether this user can create the data folder, or can use it
// and the files in it.
func (c *doctorCommand) folder() finding {
	f := finding{what: "data", state: c.Data, vital: true}
	at := c.Data
	for at != filepath.Dir(at) {
		if _, err := os.Lstat(at); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		at = filepath.Dir(at)
		f.state = c.Data + ", which the first start makes"
	}
	if err := usable(at, at == c.Data); err != nil {
		f.state = fmt.Sprintf("%s can't be used: %v", c.Data, err)
		f.mend = "run rockpool as the folder's owner, or choose another folder by --data"
	}
	return f
}

// usable returns an error if this user cannot work in the folder. With data,
// it also checks the files of a data folder.
func usable(dir string, data bool) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &fs.PathError{Op: "open", Path: dir, Err: unix.ENOTDIR}
	}
	if err := unix.Access(dir, unix.R_OK|unix.W_OK|unix.X_OK); err != nil {
		return &fs.PathError{Op: "open", Path: dir, Err: err}
	}
	if !data {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if err := unix.Access(path, unix.R_OK|unix.W_OK); err != nil {
			return &fs.PathError{Op: "open", Path: path, Err: err}
		}
	}
	return nil
}

// leastDisk is the space that a few small droplets and their images need.
const leastDisk = 5 << 30

func (c *doctorCommand) disk() finding {
	f := finding{what: "disk"}
	at := c.Data
	for at != "/" { // the folder may not exist yet
		if _, err := os.Stat(at); err == nil {
			break
		}
		at = filepath.Dir(at)
	}
	var stat unix.Statfs_t
	if err := unix.Statfs(at, &stat); err != nil {
		f.state, f.mend = fmt.Sprintf("%s: %v", at, err), "choose another folder by --data"
		return f
	}
	free := stat.Bavail * uint64(stat.Bsize)
	f.state = fmt.Sprintf("%d GB free for %s", free>>30, c.Data)
	if free < leastDisk {
		f.mend = "free some space, or choose another folder by --data"
	}
	return f
}
