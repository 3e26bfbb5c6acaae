package torture

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// listening returns where TCP sockets listen on addresses of a range, by the
// kernel's table (proc(5)).
func listening(within netip.Prefix) ([]netip.AddrPort, error) {
	file, err := os.Open("/proc/net/tcp")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var found []netip.AddrPort
	lines := bufio.NewScanner(file)
	lines.Scan() // the headings
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || fields[3] != "0A" { // TCP_LISTEN
			continue
		}
		at, err := parseSocket(fields[1])
		if err != nil {
			return nil, err
		}
		if within.Contains(at.Addr()) {
			found = append(found, at)
		}
	}
	return found, lines.Err()
}

// parseSocket reads an address as the kernel writes it on a little-endian
// machine: 0100007F:0016 is 127.0.0.1:22.
func parseSocket(text string) (netip.AddrPort, error) {
	address, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(address)
	number, portErr := strconv.ParseUint(port, 16, 16)
	if err != nil || portErr != nil || len(raw) != 4 {
		return netip.AddrPort{}, fmt.Errorf("%q is no IPv4 socket", text)
	}
	var bytes [4]byte
	binary.NativeEndian.PutUint32(bytes[:], binary.BigEndian.Uint32(raw))
	return netip.AddrPortFrom(netip.AddrFrom4(bytes), uint16(number)), nil
}
