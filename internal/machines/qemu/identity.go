package qemu

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/guesthttp"
)

// canIsolate reports whether this process may run each QEMU as a user of its own.
// It must be root, and its user namespace must have those users.
func canIsolate(log *slog.Logger) bool {
	if os.Geteuid() != 0 {
		return false
	}
	for _, path := range []string{"/proc/self/uid_map", "/proc/self/gid_map"} {
		f, err := os.Open(path)
		if err != nil {
			log.Warn("machines are not isolated from each other: QEMU runs as root", "reason", err)
			return false
		}
		ok := mapped(f, firstUser, userCount)
		f.Close()
		if !ok {
			log.Warn("machines are not isolated from each other: QEMU runs as this user",
				"reason", fmt.Sprintf("%s lacks some of the %d users from %d on", path, userCount, firstUser))
			return false
		}
	}
	return true
}

// mapped reports whether one line of a user namespace's map, user_namespaces(7),
// has all of the wanted number of ids from first on.
func mapped(idMap io.Reader, first, wanted uint64) bool {
	for lines := bufio.NewScanner(idMap); lines.Scan(); {
		var inside, outside, count uint64
		if _, err := fmt.Sscan(lines.Text(), &inside, &outside, &count); err != nil {
			return false
		}
		if first >= inside && first+wanted <= inside+count {
			return true
		}
	}
	return false
}

// give changes a file's owner to a machine's user, if machines have users.
func (e *Engine) give(path string, user uint32) error {
	if !e.isolated {
		return nil
	}
	return os.Lchown(path, int(user), int(user))
}

// spareThreads is how many threads a machine's user needs besides one for each
// processor: QEMU has at most 64 for its disk and a handful more, and each relay
// and the keeper of its logs have less than ten.
const spareThreads = 64 + 16 + 10 + guesthttp.Connections*10

// processLimit bounds the threads and processes of the machine's user, so that a
// guest can't fill the host with relays that nobody answers. Without isolation
// there is no bound (0), because all machines and the engine have one user.
func (e *Engine) processLimit(processors int) int {
	if !e.isolated {
		return 0
	}
	return spareThreads + processors
}

// processAttributes makes QEMU outlive this process and, when isolated, run as
// its own user with no more than the right to bind ports below 1024.
func (e *Engine) processAttributes(id int64, accelerator string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setsid: true}
	if !e.isolated {
		return attr, nil
	}
	user := e.users.of(id)
	attr.Credential = &syscall.Credential{Uid: user, Gid: user}
	if accelerator == "kvm" {
		info, err := os.Stat("/dev/kvm")
		if err != nil {
			return nil, err
		}
		if device, ok := info.Sys().(*syscall.Stat_t); ok {
			attr.Credential.Groups = []uint32{device.Gid}
		}
	}
	attr.AmbientCaps = []uintptr{unix.CAP_NET_BIND_SERVICE}
	return attr, nil
}
