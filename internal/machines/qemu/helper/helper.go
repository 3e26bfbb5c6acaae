// Package helper is what Rockpool's program does in other processes for a
// machine, as the machine's user:
//
//   - the launcher prepares its process and becomes QEMU in it,
//   - the keeper runs beside QEMU as long as that does: it writes the guest's
//     console and QEMU's output to files of bounded size, and lets one person at
//     a time use the console,
//   - a relay runs for each connection of the guest to its metadata, and carries
//     it to a unix socket.
package helper

import (
	"fmt"
	"os"
	"slices"
)

// The first arguments of this program that ask for a helper.
const (
	RelayCommand  = "relay"     // SOCKET
	launchCommand = "launch"    // PROCESSES QEMU ARGUMENTS...
	keepCommand   = "keep-logs" // no arguments
)

// Launch returns the arguments by which this program becomes QEMU. processes is
// how many threads and processes QEMU's user may have; 0 sets no bound.
func Launch(processes int, qemu string, args []string) []string {
	return slices.Concat([]string{launchCommand, fmt.Sprint(processes), qemu}, args)
}

// Run does what the arguments of this program ask for, and reports whether they
// ask for a helper. A program with an engine calls it before anything else.
func Run(args []string) (exit int, asked bool) {
	var err error
	switch {
	case len(args) == 3 && args[1] == RelayCommand:
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
