package helper

import (
	"io"
	"net"
	"os"
)

// relaySocket connects standard input and output with a unix socket. QEMU runs
// it in the machine's folder for each connection of the guest to the metadata
// address.
func relaySocket(socket string) error {
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return err
	}
	return relay(conn, os.Stdin, os.Stdout)
}

// relay returns when the server has sent all of its answer. The guest may end its
// side before, and still gets the answer.
func relay(conn *net.UnixConn, in io.Reader, out io.Writer) error {
	defer conn.Close()
	go func() {
		// An error here ends the other direction as well, which is reported.
		_, _ = io.Copy(conn, in)
		_ = conn.CloseWrite()
	}()
	_, err := io.Copy(out, conn)
	return err
}
