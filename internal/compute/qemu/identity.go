package qemu

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// firstUser is the user of machine 0, were there one. The range from here on
// is above what distributions give to people, services and containers.
const firstUser = 2_000_000_000

// userOf returns the user, and the group of the same number, that a machine's
// QEMU runs as when machines are isolated.
func userOf(id int64) (uint32, error) {
	if id < 1 || id > math.MaxUint32-1-firstUser {
		return 0, fmt.Errorf("there is no user for a machine with the id %d", id)
	}
	return uint32(firstUser + id), nil
}

// canIsolate tells whether this process may run each QEMU as a user of its
// own: as root, where those users are known to the user namespace.
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
		ok := mapped(f, firstUser+1)
		f.Close()
		if !ok {
			log.Warn("machines are not isolated from each other: QEMU runs as this user",
				"reason", fmt.Sprintf("%s has no user %d", path, firstUser+1))
			return false
		}
	}
	return true
}

// mapped reads a user namespace's map, user_namespaces(7), for an id inside.
func mapped(idMap io.Reader, id uint64) bool {
	for lines := bufio.NewScanner(idMap); lines.Scan(); {
		var inside, outside, count uint64
		if _, err := fmt.Sscan(lines.Text(), &inside, &outside, &count); err != nil {
			return false
		}
		if id >= inside && id-inside < count {
			return true
		}
	}
	return false
}

// own gives a file to the machine's user, if it has one.
func (e *Engine) own(path string, id int64) error {
	if !e.isolated {
		return nil
	}
	user, err := userOf(id)
	if err != nil {
		return err
	}
	return os.Lchown(path, int(user), int(user))
}

// QEMU's own threads are at most its processors, 64 for its disk and a handful
// more; a relay has less than ten, and so has the keeper of its logs.
const spareThreads = 64 + 16 + 10 + metadataConnections*10

// processLimit bounds the threads and processes of the machine's user, so that a
// guest can't fill the host with relays that nobody answers. 0 is no bound:
// without isolation it would be one for all machines and the engine.
func (e *Engine) processLimit(processors int) string {
	if !e.isolated {
		return "0"
	}
	return strconv.Itoa(spareThreads + processors)
}

// processAttributes makes QEMU outlive this process and, when isolated, run as
// its own user with no more than the right to bind ports below 1024.
func (e *Engine) processAttributes(id int64, accelerator string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setsid: true}
	if !e.isolated {
		return attr, nil
	}
	user, err := userOf(id)
	if err != nil {
		return nil, err
	}
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
