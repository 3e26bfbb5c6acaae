package dns

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// crowd, as a variable of the environment, makes the program of these tests
// connect so many times to an address and do nothing else: one process may not
// have enough descriptors for both sides.
const crowd = "ROCKPOOL_TEST_CROWD"

func TestMain(m *testing.M) {
	if address := os.Getenv(crowd); address != "" {
		if err := comeInCrowds(address); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

const crowdSize = 10_000

func comeInCrowds(address string) error {
	var conns []net.Conn
	for i := range crowdSize {
		// Several addresses, as one has not enough ports beside all others.
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(i%200+1))}}
		conn, err := dialer.Dial("tcp", address)
		if err != nil {
			return err
		}
		if i%2 == 0 { // half of them begin to say something
			if _, err := io.WriteString(conn, "\x00\x30half"); err != nil {
				return err
			}
		}
		conns = append(conns, conn)
	}
	fmt.Println("connected")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // until the test has seen enough
	open := 0
	for _, conn := range conns {
		_ = conn.SetReadDeadline(past)
		if _, err := conn.Read(make([]byte, 1)); err != nil && strings.Contains(err.Error(), "timeout") {
			open++
		}
	}
	fmt.Println(open)
	return nil
}
