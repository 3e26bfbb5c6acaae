// Package capacity finds out what machines can have of this host: its memory and
// its disk.
package capacity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Host is what all machines together can have of this host.
type Host struct {
	MemoryMB int
	DiskGB   int // what is free, and what machines' disks have taken already
}

// Of looks at the host, for machines whose disks are the files dir/*/disk.qcow2.
// If the folder is not there yet, the file system counts that it will be in.
func Of(dir string) (Host, error) {
	memory, err := hostMemoryMB()
	if err != nil {
		return Host{}, fmt.Errorf("find out this host's memory: %w", err)
	}
	free, err := freeBytes(dir)
	if err != nil {
		return Host{}, fmt.Errorf("find out this host's disk: %w", err)
	}
	taken, err := takenBytes(dir)
	if err != nil {
		return Host{}, fmt.Errorf("find out what machines' disks take: %w", err)
	}
	return Host{MemoryMB: memory, DiskGB: int((free + taken) >> 30)}, nil
}

// freeBytes is what the file system of the folder has for a user like this one.
func freeBytes(dir string) (int64, error) {
	var stat unix.Statfs_t
	err := unix.Statfs(dir, &stat)
	for errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
		err = unix.Statfs(dir, &stat)
	}
	return int64(stat.Bavail) * stat.Bsize, err
}

// takenBytes is what the disks of the machines in the folder take of it.
func takenBytes(dir string) (int64, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	total := int64(0)
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		var stat unix.Stat_t
		err := unix.Stat(filepath.Join(dir, entry.Name(), "disk.qcow2"), &stat)
		if errors.Is(err, fs.ErrNotExist) { // not made yet, or removed meanwhile
			continue
		}
		if err != nil {
			return 0, err
		}
		const block = 512 // bytes, whatever the file system's own are (stat(2))
		total += stat.Blocks * block
	}
	return total, nil
}
