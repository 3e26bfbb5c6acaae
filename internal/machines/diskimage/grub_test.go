package diskimage

import (
	"bytes"
	"strings"
	"testing"
)

func TestBootCode(t *testing.T) {
	image := bytes.Repeat([]byte{0xaa}, sectorSize)
	code, err := bootCode(image, 0x0102030405060708)
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Repeat([]byte{0xaa}, bootCodeSize)
	copy(want[0x5c:], []byte{8, 7, 6, 5, 4, 3, 2, 1})
	copy(want[0x66:], []byte{0x90, 0x90})
	if !bytes.Equal(code, want) {
		t.Errorf("boot code\n%x, want\n%x", code, want)
	}
	if image[0x5c] != 0xaa {
		t.Error("the image itself was changed")
	}
	if _, err := bootCode(image[:100], 1); err == nil {
		t.Error("no error for a short image")
	}
}

func TestPlacedCore(t *testing.T) {
	core := bytes.Repeat([]byte{0xaa}, 1000)
	placed, err := placedCore(core, 2048, 1000)
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Repeat([]byte{0xaa}, 1000)
	copy(want[500:], []byte{0x01, 0x08, 0, 0, 0, 0, 0, 0})
	if !bytes.Equal(placed, want) {
		t.Error("the core differs in more than its list of blocks")
	}
	for _, c := range []struct {
		size  int
		fails string
	}{{512, "only 512 bytes"}, {1001, "1001 bytes, its partition 1000"}} {
		_, err := placedCore(make([]byte, c.size), 2048, 1000)
		if err == nil || !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%d bytes: error %v, want one with %q", c.size, err, c.fails)
		}
	}
}
