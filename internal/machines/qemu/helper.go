package qemu

import (
	"fmt"
	"os"
)

// The first arguments of what the engine and QEMU have this program do.
const (
	relayCommand  = "relay"     // SOCKET
	launchCommand = "launch"    // PROCESSES QEMU ARGUMENTS...
	keepCommand   = "keep-logs" // no arguments
)

// Helper does what the engine, or QEMU, runs this program for, and reports
// whether the arguments ask for that. A program with an engine calls it before
// anything else: it runs for each connection to the metadata and beside each
// QEMU, as the machine's user.
func Helper(args []string) (exit int, asked bool) {
	var err error
	switch {
	case len(args) == 3 && args[1] == relayCommand:
		// It writes nothing: standard error leads to the guest.
		if relaySocket(args[2]) != nil {
			return 1, true
		}
		return 0, true
	case len(args) > 3 && args[1] == launchCommand:
		err = launch(args[2], args[3:])
	case len(args) == 2 && args[1] == keepCommand:
		err = keepLogs()
	default:
		return 0, false
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	return 0, true
}
