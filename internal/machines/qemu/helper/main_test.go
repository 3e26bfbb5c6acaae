package helper

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain lets the test program be a helper too.
func TestMain(m *testing.M) {
	if exit, asked := Run(os.Args); asked {
		os.Exit(exit)
	}
	goleak.VerifyTestMain(m)
}
