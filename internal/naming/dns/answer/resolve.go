package answer

import (
	"slices"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnsname"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// maxChain is the most CNAMEs that one answer follows.
const maxChain = 16

// resolve answers a plain query (RFC 1034, section 4.3.2).
func (s *search) resolve(t *zonedata.Table, q *query, r *reply) {
	if q.class != dns.ClassINET {
		r.rcode = dns.RcodeRefused // so are CHAOS and its version.bind
		return
	}
	if rcode := meta(q.rrtype); rcode != 0 {
		r.rcode = rcode
		return
	}
	c, at := zoneOf(t, q)
	if c == nil {
		r.rcode = dns.RcodeRefused
		return
	}
	r.authoritative = true
	r.origin = zonedata.QuestionAt + q.length - len(c.Wire)
	s.table, s.Contents, s.reply, s.rrtype, s.owner = t, c, r, q.rrtype, zonedata.QuestionAt
	s.signing = q.edns.do && c.IsSigned()
	s.name, s.labels = q.name[:q.length-len(c.Wire)], q.labels[:at]
	s.run()
}

// zoneOf finds the zone that answers, and the label that its origin begins at. DS
// belongs to the zone above (RFC 4035, section 3.1.4.1), if we have it.
func zoneOf(t *zonedata.Table, q *query) (*zonedata.Contents, int) {
	name, labels := q.name[:q.length], q.labels[:q.count]
	c, at := t.Find(name, labels, 0)
	if c != nil && at == 0 && q.rrtype == dns.TypeDS && q.count > 0 {
		if above, at := t.Find(name, labels, 1); above != nil {
			return above, at
		}
	}
	return c, at
}

// meta returns the rcode for types that no data has (RFC 6895, section 3.1).
func meta(rrtype uint16) int {
	switch rrtype {
	case dns.TypeOPT:
		return dns.RcodeFormatError
	case dns.TypeTKEY, dns.TypeTSIG, dns.TypeMAILA, dns.TypeMAILB:
		return dns.RcodeNotImplemented
	}
	return 0
}

// search answers from one zone. A worker reuses it for the next question.
type search struct {
	table *zonedata.Table
	*zonedata.Contents
	reply   *reply
	rrtype  uint16
	signing bool          // the client wants DNSSEC and the zone is signed
	tooMany func() bool   // reports whether the rate limit keeps the answer from being sent; nil: there is no limit
	turns   chan struct{} // limits how many proofs are signed at a time; nil: there is no limit

	name   []byte  // that is searched for, lower case, without the origin
	labels []uint8 // where its labels begin
	owner  int     // where it is in the message

	chain    [maxChain]*zonedata.RRset // CNAMEs followed
	target   [256]byte                 // name and labels, if a CNAME gave them
	places   [128]uint8
	expanded []zone.Denial // of wildcards, to be proved
}

// run searches for the question's name, and then for what CNAMEs say.
func (s *search) run() {
	s.expanded = s.expanded[:0]
	for hop := 0; ; hop++ {
		m := s.look(hop)
		if m.Elsewhere && hop > 0 {
			s.proveExpanded()
			return // the client asks there
		}
		if m.Cut {
			s.reply.authoritative = hop > 0
			s.refer(m)
			return
		}
		if s.signing && s.rrtype == dns.TypeNSEC && m.Node != nil && !m.Wildcard {
			s.answerProof(m)
			return
		}
		set := s.choose(m)
		if set == nil {
			s.deny(m)
			return
		}
		if set.Type() != dns.TypeCNAME || s.rrtype == dns.TypeCNAME || s.rrtype == dns.TypeANY {
			at := s.answer(m, set)
			s.proveExpanded()
			if at != 0 && s.rrtype == set.Type() {
				s.addresses(set, at, nil)
			}
			return
		}
		if !s.follow(m, set, hop) {
			s.proveExpanded()
			return
		}
	}
}

// look searches for the name. If the first search finds the name itself, no zone
// below has it: else the question would have gone to that zone.
func (s *search) look(hop int) zonedata.Match {
	m := s.Find(s.name, s.labels, s.rrtype)
	if hop == 0 && s.rrtype != dns.TypeDS && m.Node != nil && !m.Wildcard {
		return m
	}
	return s.table.WithZonesBelow(s.Contents, m, s.name, s.labels, s.rrtype)
}

// follow answers by a CNAME and makes what it names the next to search for.
// False if that is not for us, or has been answered already: what is found so
// far shows the loop.
func (s *search) follow(m zonedata.Match, alias *zonedata.RRset, hop int) bool {
	if hop == maxChain || slices.Contains(s.chain[:hop], alias) {
		return false
	}
	s.chain[hop] = alias
	at := s.answer(m, alias)
	if at == 0 {
		return false
	}
	s.owner = at + zonedata.RecordHead
	if s.name = s.Inside(alias.FirstData(), s.target[:0]); s.name == nil {
		return false // the client asks there
	}
	s.labels = dnsname.Labels(s.name, s.places[:0])
	return true
}

// choose returns the RRset that answers, maybe a CNAME; nil if there is none.
// ANY is answered by one RRset (RFC 8482, section 4.1): whoever needs the
// others asks for them, and forgers get little to amplify.
func (s *search) choose(m zonedata.Match) *zonedata.RRset {
	if m.Node == nil {
		return nil
	}
	first := m.Node.First()
	if first == nil || s.rrtype == dns.TypeANY {
		return first
	}
	if set := m.Node.Get(s.rrtype); set != nil {
		return set
	}
	if s.rrtype == dns.TypeRRSIG && s.IsSigned() { // as if asked for any
		if set := s.Signatures(m.Node.Owner, first); set != nil {
			return set
		}
	}
	return m.Node.Get(dns.TypeCNAME)
}

// answer answers by an RRset and returns where it is in the message, or 0.
func (s *search) answer(m zonedata.Match, set *zonedata.RRset) int {
	at := s.reply.answer(set, s.owner)
	if s.signing {
		s.reply.answers += s.sign(m.Node.Owner, set, s.owner)
		if m.Wildcard {
			s.expanded = append(s.expanded, s.denial(m, zone.Expanded))
		}
	}
	return at
}

// deny answers that there is no such name, or none of the type.
func (s *search) deny(m zonedata.Match) {
	if m.Node == nil {
		s.reply.rcode = dns.RcodeNameError
	}
	s.reply.authority(s.Negative, s.reply.origin)
	if s.signing {
		s.reply.authorities += s.sign("", s.Negative, s.reply.origin)
		s.prove(s.denial(m, denied(m)))
		s.proveExpanded()
	}
}

// answerProof answers by the record that denies all types but those of a name,
// as it says of itself that it is there (RFC 4034, section 4.1.2).
func (s *search) answerProof(m zonedata.Match) {
	s.reply.about(s.Negative)
	s.prove(s.denial(m, zone.NoType))
	s.reply.answers, s.reply.authorities = s.reply.answers+s.reply.authorities, 0
	s.proveExpanded()
}

// refer refers to the servers of a delegation.
func (s *search) refer(m zonedata.Match) {
	owner := s.owner + int(s.labels[m.At])
	set := m.Node.Get(dns.TypeNS)
	at := s.reply.authority(set, owner)
	if s.signing {
		if ds := m.Node.Get(dns.TypeDS); ds != nil {
			s.reply.authority(ds, owner)
			s.reply.authorities += s.sign(m.Node.Owner, ds, owner)
		} else {
			s.prove(s.denial(m, zone.Unsigned))
		}
		s.proveExpanded()
	}
	if at != 0 {
		s.addresses(set, at, s.name[s.labels[m.At]:])
	}
}
