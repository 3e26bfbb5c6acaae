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

// The files that the keeper inherits, by number. Standard input is a socket whose
// other end is the guest's serial port.
const (
	keptLog     = 3 + iota // the pipe of QEMU's output
	keptConsole            // console.log
	keptOutput             // qemu.log, locked
	keptClients            // console.sock, which listens
)

// keepLogs is the keeper. It writes QEMU's output and the guest's console to their
// logs until QEMU has ended, and serves clients of the console. Each log occupies
// little more than its limit whatever the guest does, even if Rockpool does not
// run.
func keepLogs() error {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP) // it ends when QEMU does
	port, err := openSocket(os.Stdin, net.FileConn)
	if err != nil {
		return err
	}
	clients, err := openSocket(os.NewFile(keptClients, "console.sock"), net.FileListener)
	if err != nil {
		return err
	}
	console := newConsole(port)
	go console.serve(clients)
	var keeping sync.WaitGroup
	keeping.Go(func() { copyToLog(os.NewFile(keptLog, "log"), os.NewFile(keptOutput, "qemu.log"), outputLimit) })
	copyToLog(console, os.NewFile(keptConsole, "console.log"), ConsoleLimit)
	clients.Close() // QEMU may still write output
	keeping.Wait()
	return nil
}

// openSocket returns the connection or listener of an inherited file.
func openSocket[T any](f *os.File, open func(*os.File) (T, error)) (T, error) {
	defer f.Close() // open duplicates it
	return open(f)
}

// copyToLog copies until the end. From time to time it frees the disk space of all
// but the last limit bytes. What can't be written is dropped: the process at the
// other end must not wait for a disk that is full.
func copyToLog(from io.Reader, to *os.File, limit int64) {
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

// trim frees the disk space of all but a file's last limit bytes. Their offsets
// stay the same, for whoever reads the file meanwhile. On a file system that can't
// do that the whole file is emptied.
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
