package qemu

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/helper"
)

// TestMain lets the test program be what else the tests need a program for:
// what runs before and beside QEMU, and an engine's process that gets killed.
func TestMain(m *testing.M) {
	if exit, asked := helper.Run(os.Args); asked {
		os.Exit(exit)
	}
	if len(os.Args) == 3 && os.Args[1] == "start-and-hang" {
		startAndHang(os.Args[2])
	}
	goleak.VerifyTestMain(m)
}
