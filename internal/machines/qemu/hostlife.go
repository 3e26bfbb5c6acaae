package qemu

import (
	"fmt"
	"os"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/proc"
)

// HostLife is the kernel's boot id and the time when the first process was
// started. The boot id alone is not enough: the restart of a container ends all
// its processes, as that of a host does, and the boot id stays the same.
func (e *Engine) HostLife() (string, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("read this host's boot id: %w", err)
	}
	life := strings.TrimSpace(string(boot))
	began, ok, err := proc.FirstStart()
	if err != nil {
		return "", err
	}
	if ok {
		life += " " + began
	}
	return life, nil
}
