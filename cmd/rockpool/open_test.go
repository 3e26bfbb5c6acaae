package main

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A cloud that can't have its folders says why, whatever runs its machines.
func TestOpenSaysWhatIsInTheWay(t *testing.T) {
	for compute, folder := range map[string]string{"simulated": "simulated", "qemu": "droplets"} {
		c := &serveCommand{dataFlag: newData(t), Compute: compute, Network: "user", Forward: []uint16{22},
			Addresses: addressing{netip.MustParsePrefix("127.18.0.0/16")}}
		if err := os.WriteFile(filepath.Join(c.Data, folder), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		cl, err := open(t.Context(), c, slog.New(slog.DiscardHandler))
		if err == nil {
			cl.close()
		}
		if err == nil || !strings.Contains(err.Error(), folder) {
			t.Errorf("%s: %v", compute, err)
		}
	}
}
