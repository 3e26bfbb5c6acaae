package capacity

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// hostMemoryMB is the most memory that a machine here can have, in MiB: that
// of the host, or less if a control group of this process says so.
func hostMemoryMB() (int, error) {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	total, err := memTotal(f)
	if err != nil {
		return 0, err
	}
	if limit, ok := cgroupLimit("/sys/fs/cgroup", "/proc/self/cgroup"); ok && limit < total {
		total = limit
	}
	return int(total >> 20), nil
}

// memTotal returns bytes from proc_meminfo(5).
func memTotal(meminfo io.Reader) (int64, error) {
	for lines := bufio.NewScanner(meminfo); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "MemTotal:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(value, "kB")), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("MemTotal: %w", err)
			}
			return kib << 10, nil
		}
	}
	return 0, errors.New("/proc/meminfo has no MemTotal")
}

// cgroupLimit returns the smallest memory.max, in bytes, of the control group
// (version 2) and of those that it is in.
func cgroupLimit(root, membership string) (limit int64, ok bool) {
	data, err := os.ReadFile(membership)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(data)) {
		group, isV2 := strings.CutPrefix(strings.TrimSpace(line), "0::")
		if !isV2 {
			continue
		}
		// In a namespace of its own the group is "/", and that has a limit too.
		for group = filepath.Join("/", group); ; group = filepath.Dir(group) {
			if max, found := memoryMax(filepath.Join(root, group, "memory.max")); found && (!ok || max < limit) {
				limit, ok = max, true
			}
			if group == "/" {
				break
			}
		}
	}
	return limit, ok
}

func memoryMax(path string) (int64, bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	max, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
	return max, err == nil // "max" is no number and no limit
}
