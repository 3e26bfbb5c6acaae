package helper

// The files that the launcher inherits, by number. QEMU has the first four.
const (
	LockFD          = 3 + iota // never read: the lock lasts as long as it is open
	QMPFD                      // the listening socket
	ImageFD                    // the image's file
	ConsoleFD                  // console.log for the launcher; for QEMU a socket: the guest's serial port
	ConsoleSocketFD            // console.sock, which listens; only the keeper has it
	endFD
)

// Files is how many files the launcher inherits.
const Files = endFD - LockFD

// What is kept of a machine's logs, in bytes: the last.
const (
	ConsoleLimit = 1 << 20
	outputLimit  = 256 << 10 // of QEMU's own output
)
