package answer

import (
	"encoding/binary"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnsname"
)

// query is a received message. A worker reuses it for the next one.
type query struct {
	msg    []byte
	opcode int
	name   [256]byte // of the question: wire form, lower case
	length int       // of name
	labels [128]uint8
	count  int // of labels, without the root
	rrtype uint16
	class  uint16
	end    int // of the question in msg
	edns   edns
	signed bool // by TSIG
}

// verdict says how a message is handled.
type verdict int

const (
	drop      verdict = iota
	malformed         // to be answered by FORMERR
	unknown           // an opcode that is not implemented
	ask               // what only asks for a cookie (RFC 7873, section 5.4)
	answer            // a plain query
	slow              // whatever needs all of the message: TSIG, NOTIFY, transfers
)

const headerSize = 12

// parse reads a message.
func (q *query) parse(msg []byte) verdict {
	q.msg, q.end, q.rrtype, q.signed, q.edns = msg, 0, 0, false, edns{}
	if len(msg) < headerSize || msg[2]&0x80 != 0 {
		return drop // two servers that answer answers would never stop
	}
	q.opcode = int(msg[2] >> 3 & 15)
	questions := binary.BigEndian.Uint16(msg[4:])
	answers := binary.BigEndian.Uint16(msg[6:])
	authorities := binary.BigEndian.Uint16(msg[8:])
	additionals := binary.BigEndian.Uint16(msg[10:])
	at := headerSize
	if questions == 1 {
		if at = q.question(); at < 0 {
			return malformed
		}
		q.end = at
	}
	if q.opcode != dns.OpcodeQuery && q.opcode != dns.OpcodeNotify {
		if q.records(at, int(answers+authorities), int(additionals)) < 0 {
			q.edns = edns{}
		}
		return unknown
	}
	plain := q.opcode == dns.OpcodeQuery && q.rrtype != dns.TypeIXFR && q.rrtype != dns.TypeAXFR
	if questions > 1 || plain && (answers > 0 || authorities > 0) || additionals > 8 || answers > 8 || authorities > 8 {
		return malformed
	}
	if at = q.records(at, int(answers+authorities), int(additionals)); at != len(msg) {
		return malformed // short, or with garbage behind
	}
	switch {
	case questions == 0 && q.edns.cookie != nil && plain:
		return ask
	case questions == 0:
		return malformed
	case !plain || q.signed:
		return slow
	}
	return answer
}

// question reads the question and returns its end, or -1.
func (q *query) question() int {
	at, length, count := headerSize, 0, 0
	for {
		if at >= len(q.msg) {
			return -1
		}
		size := int(q.msg[at])
		if size == 0 {
			break
		}
		// A pointer could only point to what comes later, or to itself.
		if size > dnsname.LongestLabel || at+1+size >= len(q.msg) || length+1+size >= 255 {
			return -1
		}
		q.labels[count] = uint8(length)
		q.name[length] = byte(size)
		for i, c := range q.msg[at+1 : at+1+size] {
			if c >= 'A' && c <= 'Z' {
				c |= 0x20
			}
			q.name[length+1+i] = c
		}
		count++
		length += 1 + size
		at += 1 + size
	}
	if at+5 > len(q.msg) {
		return -1
	}
	q.name[length] = 0
	q.length, q.count = length+1, count
	q.rrtype = binary.BigEndian.Uint16(q.msg[at+1:])
	q.class = binary.BigEndian.Uint16(q.msg[at+3:])
	return at + 5
}

// records reads what follows the question and returns its end, or -1. Of
// interest are OPT and TSIG.
func (q *query) records(at, before, additionals int) int {
	for i := range before + additionals {
		root := at < len(q.msg) && q.msg[at] == 0
		if at = dnsname.Skip(q.msg, at); at < 0 || at+10 > len(q.msg) {
			return -1
		}
		rrtype := binary.BigEndian.Uint16(q.msg[at:])
		end := at + 10 + int(binary.BigEndian.Uint16(q.msg[at+8:]))
		if end > len(q.msg) {
			return -1
		}
		switch {
		case rrtype == dns.TypeOPT:
			if i < before || !root || q.edns.present || !q.edns.parse(q.msg[at:end]) {
				return -1
			}
		case rrtype == dns.TypeTSIG:
			if i != before+additionals-1 || i < before || !wholeTSIG(q.msg[at:end]) {
				return -1 // RFC 8945, section 5.2
			}
			q.signed = true
		}
		at = end
	}
	return at
}

// wholeTSIG reports whether a TSIG record, given from its type on, has all of its
// fields (RFC 8945, section 4.2).
func wholeTSIG(record []byte) bool {
	data := record[10:]
	at := dnsname.Skip(data, 0) // the algorithm
	if at < 0 || at+10 > len(data) {
		return false
	}
	at += 10 // behind the time, the fudge and the length of the MAC
	at += int(binary.BigEndian.Uint16(data[at-2:])) + 6
	if at > len(data) {
		return false
	}
	other := int(binary.BigEndian.Uint16(data[at-2:]))
	return at+other == len(data) && binary.BigEndian.Uint16(record[2:]) == dns.ClassANY
}
