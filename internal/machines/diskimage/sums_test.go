package diskimage

import (
	"encoding/hex"
	"strings"
	"testing"
)

func TestFindSum(t *testing.T) {
	const good = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	const other = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	for _, c := range []struct{ name, list, want, fails string }{
		{"text mode", other + "  other.qcow2\n" + good + "  disk.qcow2\n", good, ""},
		{"binary mode", good + " *disk.qcow2\n", good, ""},
		{"in this folder", good + "  ./disk.qcow2\n", good, ""},
		{"upper case", strings.ToUpper(good) + "  disk.qcow2\n", good, ""},
		{"carriage return", good + "  disk.qcow2\r\n", good, ""},
		{"BSD", "# disk.qcow2: 12 bytes\nSHA256 (disk.qcow2) = " + good + "\n", good, ""},
		{"signed", "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nSHA256 (disk.qcow2) = " + good + "\n", good, ""},
		{"longer name", good + "  disk.qcow2.old\n", "", "no sha256 checksum of disk.qcow2"},
		{"name's end", good + "  big-disk.qcow2\n", "", "no sha256 checksum of disk.qcow2"},
		{"another algorithm", "SHA512 (disk.qcow2) = " + good + "\n", "", "no sha256 checksum of disk.qcow2"},
		{"too short", good[2:] + "  disk.qcow2\n", "", "malformed"},
		{"not hexadecimal", "zz" + good[2:] + "  disk.qcow2\n", "", "malformed"},
		{"empty", "", "", "no sha256 checksum of disk.qcow2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			sum, err := findSum(strings.NewReader(c.list), "disk.qcow2", "sha256", 32)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Fatalf("error %v, want one with %q", err, c.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if hex.EncodeToString(sum) != c.want {
				t.Errorf("sum %x, want %s", sum, c.want)
			}
		})
	}
}
