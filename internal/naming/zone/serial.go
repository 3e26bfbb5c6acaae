package zone

import "time"

// NextSerial returns the serial of a zone's next version: the Unix time if that
// is later than the last serial and than floor, else one more than the later of
// them. It skips 0, which some secondaries treat as no serial.
func NextSerial(last, floor uint32, now time.Time) uint32 {
	next := uint32(now.Unix())
	for _, old := range []uint32{last, floor} {
		if old != 0 && !Later(next, old) {
			next = old + 1
		}
	}
	if next == 0 {
		next = 1
	}
	return next
}

// Later reports whether serial a is later than b (RFC 1982, section 3.2).
func Later(a, b uint32) bool { return int32(a-b) > 0 }
