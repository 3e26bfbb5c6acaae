package rockpooltest

import (
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

// The ranges are 127.100.0.0/24 to 127.227.255.0/24.
const (
	firstBlock = 100
	ranges     = 128 << 8
)

var nextRange atomic.Int64

// ReserveRange reserves a /24 of loopback addresses for a test, among all processes.
// The reservation is a socket on the last address. It ends with the test.
func ReserveRange(tb testing.TB) netip.Prefix {
	tb.Helper()
	for range ranges {
		// Processes that start at the same time try different ranges first.
		n := (int64(os.Getpid())*61 + nextRange.Add(1)) % ranges
		base := netip.AddrFrom4([4]byte{127, byte(firstBlock + n>>8), byte(n), 0})
		bytes := base.As4()
		bytes[3] = 255
		socket, err := net.Listen("tcp4", net.JoinHostPort(netip.AddrFrom4(bytes).String(), strconv.Itoa(reservePort)))
		if err != nil {
			continue
		}
		tb.Cleanup(func() { socket.Close() })
		return netip.PrefixFrom(base, 24)
	}
	tb.Fatal("no range of loopback addresses is free")
	return netip.Prefix{}
}

// ForDroplets reports whether a droplet may have the address: the first one is
// the program's own, and the last one is this test's.
func (s *Server) ForDroplets(address netip.Addr) bool {
	last := s.Addresses.Addr().As4()
	last[3] = 255
	return s.Addresses.Contains(address) && address != s.Addresses.Addr().Next() && address != netip.AddrFrom4(last)
}

// reservePort is a port that no test uses otherwise.
const reservePort = 42424
