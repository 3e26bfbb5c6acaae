package qemu

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/helper"
)

// TestMain runs the tests, or one of the other programs that they need: a helper, or
// a process with an engine that a test kills.
func TestMain(m *testing.M) {
	if exit, asked := helper.Run(os.Args); asked {
		os.Exit(exit)
	}
	if len(os.Args) == 3 && os.Args[1] == "start-and-hang" {
		startAndHang(os.Args[2])
	}
	if len(os.Args) == 4 && os.Args[1] == "grow" {
		grow(os.Args[2], os.Args[3])
	}
	goleak.VerifyTestMain(m)
}
