package answer

import (
	"encoding/binary"

	"github.com/miekg/dns"
)

// edns is the content of the OPT record of a message (RFC 6891).
type edns struct {
	present bool
	version uint8
	do      bool   // DNSSEC is wanted (RFC 3225)
	size    int    // that the client takes by UDP
	cookie  []byte // of the client and maybe ours; nil if there is none
	keep    bool   // asks how long an idle connection stays open (RFC 7828)
	idle    uint16 // that, in tenths of a second
}

// maxUDP is the longest answer by UDP: no network on the way should have to
// fragment it (DNS flag day 2020).
const MaxUDP = 1232

const (
	optSize    = 11 // of an OPT record without options
	keepOption = 6
)

// parse reads an OPT record from its type on.
func (e *edns) parse(opt []byte) bool {
	*e = edns{
		present: true,
		size:    int(binary.BigEndian.Uint16(opt[2:])),
		version: opt[5],
		do:      opt[6]&0x80 != 0,
	}
	for options := opt[10:]; len(options) > 0; {
		if len(options) < 4 {
			return false
		}
		code, length := binary.BigEndian.Uint16(options), int(binary.BigEndian.Uint16(options[2:]))
		if len(options) < 4+length {
			return false
		}
		data := options[4 : 4+length]
		options = options[4+length:]
		switch code {
		case dns.EDNS0COOKIE:
			if length != clientCookie && (length < clientCookie+8 || length > clientCookie+32) {
				return false // RFC 7873, section 5.2.2
			}
			if e.cookie == nil {
				e.cookie = data
			}
		case dns.EDNS0TCPKEEPALIVE:
			e.keep = true
		}
	}
	return true
}

// limit is how long an answer may be.
func (q *query) limit(transport Transport) int {
	if transport != UDP {
		return dns.MaxMsgSize
	}
	return min(max(q.edns.size, dns.MinMsgSize), MaxUDP)
}
