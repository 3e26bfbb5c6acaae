package diskimage

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// writeCpio writes the folder as an archive in the "new ASCII" format that the
// kernel reads as an initramfs (Documentation/driver-api/early-userspace/
// buffer-format.rst). Everything in it belongs to root.
func writeCpio(w io.Writer, dir string) error {
	inode := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode, data, err := cpioContent(path, info)
		if err != nil {
			return err
		}
		inode++
		return writeCpioEntry(w, inode, name, mode, data)
	})
	if err != nil {
		return err
	}
	return writeCpioEntry(w, 0, "TRAILER!!!", 0, nil)
}

// Types of files in a mode, from inode(7).
const (
	modeFolder  = 0o040000
	modeFile    = 0o100000
	modeSymlink = 0o120000
)

func cpioContent(path string, info fs.FileInfo) (mode uint32, data []byte, err error) {
	perm := uint32(info.Mode().Perm())
	switch info.Mode().Type() {
	case fs.ModeDir:
		return modeFolder | perm, nil, nil
	case fs.ModeSymlink:
		target, err := os.Readlink(path)
		return modeSymlink | 0o777, []byte(target), err
	case 0:
		data, err := os.ReadFile(path)
		return modeFile | perm, data, err
	}
	return 0, nil, fmt.Errorf("%s: cannot be put in an initramfs", path)
}

func writeCpioEntry(w io.Writer, inode int, name string, mode uint32, data []byte) error {
	links, none := 1, 0
	header := fmt.Sprintf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		inode, mode, none, none, links, none, len(data), none, none, none, none, len(name)+1, none)
	for _, part := range []string{header + name + "\x00", string(data)} {
		if _, err := io.WriteString(w, part+zeroes[:-len(part)&3]); err != nil {
			return err
		}
	}
	return nil
}

// zeroes fill parts of an archive up to a multiple of four bytes.
const zeroes = "\x00\x00\x00"
