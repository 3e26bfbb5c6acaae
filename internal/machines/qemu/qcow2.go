package qemu

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// The head of a qcow2 file, docs/interop/qcow2.txt in QEMU's source. All
// numbers are big-endian.
type qcow2Header struct {
	Magic            uint32
	Version          uint32
	BackingOffset    uint64
	BackingSize      uint32
	ClusterBits      uint32
	Size             uint64 // bytes that the guest sees
	CryptMethod      uint32
	L1Size           uint32
	L1Offset         uint64
	RefcountOffset   uint64
	RefcountClusters uint32
	Snapshots        uint32
	SnapshotsOffset  uint64
	Incompatible     uint64 // from version 3 on
}

const (
	qcow2Magic    = 0x514649fb // "QFI\xfb"
	qcow2DataFile = 1 << 2     // incompatible feature: the data is in another file
)

// imageSize checks that an image is safe to be opened as what it is said to be
// and returns the size of the disk in bytes. An image that names other files
// is refused: they could be any file of this host.
func imageSize(image compute.Image) (int64, error) {
	f, err := os.Open(image.Path)
	if err != nil {
		return 0, fmt.Errorf("open the image: %w", err)
	}
	defer f.Close()
	switch image.Format {
	case "raw":
		info, err := f.Stat()
		if err != nil {
			return 0, fmt.Errorf("read the image: %w", err)
		}
		return info.Size(), nil
	case "qcow2":
		size, err := qcow2Size(f)
		if err != nil {
			return 0, fmt.Errorf("image %s: %w", image.Path, err)
		}
		return size, nil
	default:
		return 0, fmt.Errorf("image %s has the format %q: it must be qcow2 or raw", image.Path, image.Format)
	}
}

func qcow2Size(r io.Reader) (int64, error) {
	var h qcow2Header
	if err := binary.Read(r, binary.BigEndian, &h); err != nil {
		return 0, fmt.Errorf("too short for qcow2: %w", err)
	}
	switch {
	case h.Magic != qcow2Magic:
		return 0, errors.New("not a qcow2 file")
	case h.Version != 2 && h.Version != 3:
		return 0, fmt.Errorf("qcow2 version %d is not known", h.Version)
	case h.BackingOffset != 0:
		return 0, errors.New("it has a backing file; flatten it first: qemu-img convert -O qcow2")
	case h.Version == 3 && h.Incompatible&qcow2DataFile != 0:
		return 0, errors.New("its data is in another file; join them first: qemu-img convert -O qcow2")
	case h.CryptMethod != 0:
		return 0, errors.New("it is encrypted")
	case h.Size == 0 || h.Size > 1<<60:
		return 0, fmt.Errorf("a disk of %d bytes", h.Size)
	}
	return int64(h.Size), nil
}
