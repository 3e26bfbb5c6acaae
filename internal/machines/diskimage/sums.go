package diskimage

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// findSum returns the checksum of the named file, size bytes long, in a list as
// sha256sum writes it ("HEX  file", "HEX *file") or as BSD's tools and some
// distributions do ("SHA256 (file) = HEX").
func findSum(list io.Reader, file, algorithm string, size int) ([]byte, error) {
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		name, digits, ok := parseSum(lines.Text(), algorithm)
		if !ok || name != file {
			continue
		}
		sum, err := hex.DecodeString(digits)
		if err != nil || len(sum) != size {
			return nil, fmt.Errorf("the %s checksum of %s is malformed: %q", algorithm, file, digits)
		}
		return sum, nil
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("the list of checksums has no %s checksum of %s", algorithm, file)
}

// parseSum reads one line of a list of checksums.
func parseSum(line, algorithm string) (name, digits string, ok bool) {
	line = strings.TrimRight(line, "\r")
	if rest, found := strings.CutPrefix(line, strings.ToUpper(algorithm)+" ("); found {
		name, digits, ok = strings.Cut(rest, ") = ")
		return name, digits, ok
	}
	digits, name, ok = strings.Cut(line, " ")
	if !ok || len(name) < 2 || (name[0] != ' ' && name[0] != '*') {
		return "", "", false
	}
	return strings.TrimPrefix(name[1:], "./"), digits, true
}
