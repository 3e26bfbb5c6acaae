package answer

import (
	"encoding/binary"
	"net/netip"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
)

// reply builds an answer. A worker reuses it for the next one.
type reply struct {
	buf    []byte
	limit  int // of buf's length, with what is to be appended at the end left out
	origin int // where the zone's origin is in buf

	authoritative, truncated bool
	rcode                    int
	answers                  int
	authorities              int
	additionals              int

	question int             // its end
	subject  *zonedata.RRset // first RRset, which the rate limit counts by
	hosts    hosts           // whose addresses it has
}

// begin starts the answer to a query in a buffer. It copies the question with its
// case: resolvers mix case at random to recognize forged answers.
func (r *reply) begin(q *query, buf []byte, limit int) {
	*r = reply{buf: buf[:0], limit: limit - q.reserve(), hosts: r.hosts}
	r.hosts.reset()
	end := max(q.end, headerSize)
	r.buf = append(r.buf, q.msg[:end]...)
	r.question = end
}

// clear empties the sections after the question.
func (r *reply) clear() {
	r.buf = r.buf[:r.question]
	r.answers, r.authorities, r.additionals = 0, 0, 0
}

// fail makes the answer SERVFAIL.
func (r *reply) fail() { r.rcode = dns.RcodeServerFailure }

// finish writes the header and OPT, and returns the message.
func (r *reply) finish(q *query, cookies cookies, remote netip.Addr) []byte {
	if r.rcode == dns.RcodeServerFailure {
		r.truncated, r.authoritative = false, false
		r.clear()
	}
	if r.truncated {
		r.clear()
	}
	if q.edns.present {
		r.opt(q, cookies, remote)
	}
	head := r.buf
	head[2] = 0x80 | q.msg[2]&0x79 // opcode and RD as asked
	if r.authoritative {
		head[2] |= 0x04
	}
	if r.truncated {
		head[2] |= 0x02
	}
	head[3] = byte(r.rcode & 15) // without CD, which is for resolvers (RFC 4035, section 3.1.6)
	questions := 0
	if q.end > 0 {
		questions = 1
	}
	for i, count := range [...]int{questions, r.answers, r.authorities, r.additionals} {
		binary.BigEndian.PutUint16(head[4+2*i:], uint16(count))
	}
	return r.buf
}

// reserve is the room that an answer's OPT takes.
func (q *query) reserve() int {
	if !q.edns.present {
		return 0
	}
	return optSize + q.optionSize()
}

// optionSize is the length of the options in it.
func (q *query) optionSize() int {
	size := 0
	if q.edns.cookie != nil {
		size += cookieOption
	}
	if q.edns.keep {
		size += keepOption
	}
	return size
}

// opt appends the OPT record.
func (r *reply) opt(q *query, cookies cookies, remote netip.Addr) {
	flags := byte(0)
	if q.edns.do {
		flags = 0x80
	}
	r.buf = append(r.buf, 0, 0, byte(dns.TypeOPT), MaxUDP>>8, MaxUDP&0xFF, byte(r.rcode>>4), 0, flags, 0, 0, byte(q.optionSize()))
	if q.edns.cookie != nil {
		r.buf = cookies.append(r.buf, q, remote)
	}
	if q.edns.keep {
		r.buf = append(r.buf, 0, byte(dns.EDNS0TCPKEEPALIVE), 0, 2)
		r.buf = binary.BigEndian.AppendUint16(r.buf, q.edns.idle)
	}
	r.additionals++
}

// add appends an RRset and returns where it begins. Its owner's name is in the
// message at a place; if that is too far for a pointer it is spelled, as the
// name without the origin. If there is no room it returns 0.
func (r *reply) add(set *zonedata.RRset, owner int, name []byte) int {
	if owner > zonedata.FarthestPointer {
		return r.spell(set, name)
	}
	at := len(r.buf)
	if at+set.Len() > r.limit {
		return 0
	}
	r.buf = set.AppendTo(r.buf, owner, r.origin)
	return at
}

// spell is add with the owner's name written out.
func (r *reply) spell(set *zonedata.RRset, name []byte) int {
	at := len(r.buf)
	if at+set.SpelledLen(name) > r.limit {
		return 0
	}
	r.buf = set.AppendSpelled(r.buf, name, r.origin)
	return at
}

// answer adds an RRset to the answer section, and returns where. If the RRset does
// not fit, the whole answer is truncated.
func (r *reply) answer(set *zonedata.RRset, owner int) int {
	r.about(set)
	at := r.add(set, owner, nil)
	if at == 0 {
		r.truncated = true
		return 0
	}
	r.answers += set.Count()
	return at
}

// authority is answer for the authority section.
func (r *reply) authority(set *zonedata.RRset, owner int) int {
	r.about(set)
	at := r.add(set, owner, nil)
	if at == 0 {
		r.truncated = true
		return 0
	}
	r.authorities += set.Count()
	return at
}

// about notes what the answer is about: its first RRset.
func (r *reply) about(set *zonedata.RRset) {
	if r.subject == nil {
		r.subject = set
	}
}
