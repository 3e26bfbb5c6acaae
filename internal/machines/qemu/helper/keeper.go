package helper

import (
	"errors"
	"io"
	"net"
	"os"
	"os/signal"
	"sync"

	"golang.org/x/sys/unix"
)

// The files that the keeper of logs inherits, by number. Standard input is a
// socket that leads to the guest's serial port.
const (
	keptLog     = 3 + iota // the pipe of QEMU's output
	keptConsole            // console.log
	keptOutput             // qemu.log, locked
	keptVisits             // console.sock, which listens
)

// keepLogs writes what comes from QEMU to its logs until QEMU has ended, and lets
// visitors sit at the guest's console. Each log occupies little more than its
// limit whatever the guest does, and whether or not Rockpool runs.
func keepLogs() error {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP) // it ends when QEMU does
	port, err := openSocket(os.Stdin, net.FileConn)
	if err != nil {
		return err
	}
	visits, err := openSocket(os.NewFile(keptVisits, "console.sock"), net.FileListener)
	if err != nil {
		return err
	}
	console := newConsole(port)
	go console.receive(visits)
	var keeping sync.WaitGroup
	keeping.Go(func() { keep(os.NewFile(keptLog, "log"), os.NewFile(keptOutput, "qemu.log"), outputLimit) })
	keep(console, os.NewFile(keptConsole, "console.log"), ConsoleLimit)
	visits.Close() // there may be more to come of QEMU's output
	keeping.Wait()
	return nil
}

// openSocket makes of an inherited file what it is.
func openSocket[T any](f *os.File, open func(*os.File) (T, error)) (T, error) {
	defer f.Close() // open duplicates it
	return open(f)
}

// keep copies until the end, and gives the disk space of all but the last bytes
// back from time to time. What can't be written is dropped: who writes to the
// pipe must not wait for a disk that is full.
func keep(from io.Reader, to *os.File, limit int64) {
	buffer := make([]byte, 32<<10)
	grown := limit // the file may be full from before
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			_, _ = to.Write(buffer[:n])
			grown += int64(n)
		}
		if grown > limit/4 {
			trim(to, limit)
			grown = 0
		}
		if err != nil {
			return
		}
	}
}

// trim gives the disk space of all but a file's last bytes back. The end stays
// where it is, so that what is read by its place is found. A file system that
// can't do that loses the whole file.
func trim(f *os.File, limit int64) {
	info, err := f.Stat()
	if err != nil || info.Size() <= limit {
		return
	}
	const punch = unix.FALLOC_FL_PUNCH_HOLE | unix.FALLOC_FL_KEEP_SIZE
	if err := unix.Fallocate(int(f.Fd()), punch, 0, info.Size()-limit); errors.Is(err, unix.EOPNOTSUPP) {
		_ = f.Truncate(0)
	}
}
