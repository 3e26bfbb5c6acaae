package qcow2

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// Offsets in a header, from docs/interop/qcow2.txt of QEMU.
const (
	versionAt      = 4
	backingAt      = 8
	sizeAt         = 24
	encryptionAt   = 32
	incompatibleAt = 72
	headerBytes    = 80
)

func fileWith(version uint32, change func(file []byte)) []byte {
	file := make([]byte, headerBytes)
	copy(file, "QFI\xfb")
	binary.BigEndian.PutUint32(file[versionAt:], version)
	binary.BigEndian.PutUint64(file[sizeAt:], 3<<30)
	change(file)
	return file
}

func TestRead(t *testing.T) {
	nothing := func([]byte) {}
	dataFileBit := func(file []byte) { binary.BigEndian.PutUint64(file[incompatibleAt:], 1<<2) }
	for name, test := range map[string]struct {
		file []byte
		want Header
	}{
		"version 2":                 {fileWith(2, nothing), Header{Size: 3 << 30}},
		"version 2 has no features": {fileWith(2, dataFileBit), Header{Size: 3 << 30}},
		"version 3":                 {fileWith(3, nothing), Header{Size: 3 << 30}},
		"data file":                 {fileWith(3, dataFileBit), Header{Size: 3 << 30, DataFile: true}},
		"backing file":              {fileWith(3, func(f []byte) { f[backingAt] = 1 }), Header{Size: 3 << 30, Backed: true}},
		"encrypted":                 {fileWith(3, func(f []byte) { f[encryptionAt+3] = 2 }), Header{Size: 3 << 30, Encrypted: true}},
	} {
		got, err := Read(bytes.NewReader(test.file))
		if err != nil || got != test.want {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, test.want)
		}
		if err := got.CheckStandalone(); (err == nil) != (test.want == Header{Size: 3 << 30}) {
			t.Errorf("%s: CheckStandalone gives %v", name, err)
		}
	}
}

func TestReadRejects(t *testing.T) {
	nothing := func([]byte) {}
	for want, file := range map[string][]byte{
		"not a qcow2 image":         fileWith(3, func(f []byte) { f[0] = 'X' }),
		"version is 4":              fileWith(4, nothing),
		"0 bytes":                   fileWith(3, func(f []byte) { clear(f[sizeAt : sizeAt+8]) }),
		"1152921504606846977 bytes": fileWith(3, func(f []byte) { binary.BigEndian.PutUint64(f[sizeAt:], 1<<60+1) }),
		"cut short":                 fileWith(3, nothing)[:incompatibleAt+7],
	} {
		if _, err := Read(bytes.NewReader(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if _, err := Read(strings.NewReader("QFI\xfb")); err == nil {
		t.Error("a file of four bytes is read")
	}
}
