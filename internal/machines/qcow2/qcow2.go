// Package qcow2 reads the headers of disk files in QEMU's format qcow2, as
// docs/interop/qcow2.txt in QEMU's source describes them. It reads nothing that
// a header refers to.
package qcow2

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// header is the part of the header that version 2 and 3 have at the same place.
// All numbers are big-endian.
type header struct {
	Magic            uint32
	Version          uint32
	BackingOffset    uint64 // 0: no backing file
	BackingSize      uint32
	ClusterBits      uint32
	Size             uint64 // bytes that the guest sees
	CryptMethod      uint32 // 0: not encrypted
	L1Size           uint32
	L1Offset         uint64
	RefcountOffset   uint64
	RefcountClusters uint32
	Snapshots        uint32
	SnapshotsOffset  uint64
}

const (
	magic        = 0x514649fb // "QFI\xfb"
	dataFile     = 1 << 2     // the bit of the incompatible features that says so
	maxSizeBytes = 1 << 60
)

// Header is what a qcow2 file says of itself.
type Header struct {
	Size      int64 // bytes that the guest sees
	Backed    bool  // what the file lacks is in another file, its backing file
	DataFile  bool  // the data is in another file
	Encrypted bool
}

// Read reads a header from the beginning of a file. It fails if that is not
// qcow2, or of a version that is not known.
func Read(r io.Reader) (Header, error) {
	var h header
	if err := binary.Read(r, binary.BigEndian, &h); err != nil || h.Magic != magic {
		return Header{}, errors.New("it is not a qcow2 image")
	}
	if h.Version != 2 && h.Version != 3 {
		return Header{}, fmt.Errorf("its qcow2 version is %d, expected 2 or 3", h.Version)
	}
	if h.Size == 0 || h.Size > maxSizeBytes {
		return Header{}, fmt.Errorf("its disk has %d bytes", h.Size)
	}
	found := Header{Size: int64(h.Size), Backed: h.BackingOffset != 0, Encrypted: h.CryptMethod != 0}
	if h.Version == 2 {
		return found, nil
	}
	var incompatible uint64 // features; from version 3 on
	if err := binary.Read(r, binary.BigEndian, &incompatible); err != nil {
		return Header{}, errors.New("its qcow2 header is cut short")
	}
	found.DataFile = incompatible&dataFile != 0
	return found, nil
}

// CheckStandalone returns an error unless the file is the whole disk and in the
// clear. Whoever opens a file that names others reads those too, and they could
// be any files of this host.
func (h Header) CheckStandalone() error {
	switch {
	case h.Backed:
		return errors.New("it has a backing file, which is not allowed; flatten it first: qemu-img convert -O qcow2")
	case h.DataFile:
		return errors.New("it has an external data file, which is not allowed; join them first: qemu-img convert -O qcow2")
	case h.Encrypted:
		return errors.New("it is encrypted, which is not allowed")
	default:
		return nil
	}
}
