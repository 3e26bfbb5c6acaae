package diskimage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// Offsets in the header of a qcow2 file, from docs/interop/qcow2.txt of QEMU.
// Numbers are big-endian.
const (
	qcow2Magic        = "QFI\xfb"
	qcow2Version      = 4  // uint32
	qcow2Backing      = 8  // uint64, 0 for none
	qcow2Size         = 24 // uint64: bytes that the guest sees
	qcow2Encryption   = 32 // uint32, 0 for none
	qcow2Incompatible = 72 // uint64 of feature bits, from version 3 on
	qcow2DataFile     = 1 << 2
	qcow2HeaderSize   = 80
	qcow2MaxSize      = 1 << 60
)

// checkStandalone returns an error unless the file is qcow2 that a machine can
// start from: not encrypted, and naming no other file, which whoever opens it
// would read from this machine.
func checkStandalone(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	header := make([]byte, qcow2HeaderSize)
	if _, err := io.ReadFull(f, header); err != nil || string(header[:len(qcow2Magic)]) != qcow2Magic {
		return errors.New("it is not a qcow2 image")
	}
	if binary.BigEndian.Uint64(header[qcow2Backing:]) != 0 {
		return errors.New("it has a backing file, which is not allowed")
	}
	if binary.BigEndian.Uint32(header[qcow2Encryption:]) != 0 {
		return errors.New("it is encrypted, which is not allowed")
	}
	if size := binary.BigEndian.Uint64(header[qcow2Size:]); size == 0 || size > qcow2MaxSize {
		return fmt.Errorf("its disk has %d bytes", size)
	}
	switch version := binary.BigEndian.Uint32(header[qcow2Version:]); {
	case version == 2:
		return nil
	case version != 3:
		return fmt.Errorf("its qcow2 version is %d, expected 2 or 3", version)
	}
	if binary.BigEndian.Uint64(header[qcow2Incompatible:])&qcow2DataFile != 0 {
		return errors.New("it has an external data file, which is not allowed")
	}
	return nil
}
