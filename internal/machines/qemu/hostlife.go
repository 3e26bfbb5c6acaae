package qemu

import (
	"errors"
	"fmt"
	"os"
	"strings"
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
	stat, err := os.ReadFile("/proc/1/stat")
	if err != nil { // mounted so that other users' processes can't be seen
		return life, nil
	}
	began, err := startTime(stat)
	if err != nil {
		return "", fmt.Errorf("/proc/1/stat: %w", err)
	}
	return life + " " + began, nil
}

// startTime is the field of that name in a file of proc_pid_stat(5), in clock
// ticks after the boot.
func startTime(stat []byte) (string, error) {
	fields := parseStat(stat)
	const at = 22 - 3 // the fields are counted from 1, and here from the third
	if len(fields) <= at {
		return "", errors.New("it has no start time")
	}
	return fields[at], nil
}
