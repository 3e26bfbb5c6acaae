package qemu

import (
	"fmt"
	"os"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/proc"
)

// HostLife is the kernel's boot id, and when its first process was started: a
// container that is restarted has ended all its processes like a host, and
// keeps the boot id.
func (e *Engine) HostLife() (string, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("tell this host's life from others: %w", err)
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
