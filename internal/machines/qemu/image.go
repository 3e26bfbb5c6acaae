package qemu

import (
	"fmt"
	"os"

	"github.com/rockpool-cloud/rockpool/internal/machines/qcow2"
)

// ImageFile is the file of an image. The engine only reads it, and so does every
// QEMU with a disk that was made from it, for as long as that disk is there.
type ImageFile struct {
	Path   string `json:"path"`   // in a machine's record it may be relative to the machine's folder
	Format string `json:"format"` // "qcow2" or "raw"; never guessed from the file
}

// size checks that the file is safe to be opened as what it is said to be and
// returns the size of the disk in bytes.
func (i ImageFile) size() (int64, error) {
	f, err := os.Open(i.Path)
	if err != nil {
		return 0, fmt.Errorf("open the image: %w", err)
	}
	defer f.Close()
	switch i.Format {
	case "raw":
		info, err := f.Stat()
		if err != nil {
			return 0, fmt.Errorf("read the image: %w", err)
		}
		return info.Size(), nil
	case "qcow2":
		header, err := qcow2.Read(f)
		if err == nil {
			err = header.CheckStandalone()
		}
		if err != nil {
			return 0, fmt.Errorf("image %s: %w", i.Path, err)
		}
		return header.Size, nil
	default:
		return 0, fmt.Errorf("image %s has the format %q: it must be qcow2 or raw", i.Path, i.Format)
	}
}

// sizeGB is the size rounded up to GiB: the smallest disk that the image fits.
func (i ImageFile) sizeGB() (int, error) {
	size, err := i.size()
	return roundUpGB(size), err
}

func roundUpGB(bytes int64) int { return int((bytes + 1<<30 - 1) >> 30) }
