package qemu

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain lets the test program be what else the tests need a program for:
// the relay that QEMU runs, and an engine's process that gets killed.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "relay":
		if Relay(os.Args[2]) != nil {
			os.Exit(1)
		}
		os.Exit(0)
	case len(os.Args) == 3 && os.Args[1] == "start-and-hang":
		startAndHang(os.Args[2])
	}
	goleak.VerifyTestMain(m)
}
