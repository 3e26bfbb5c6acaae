package dnssec

import (
	"slices"
	"time"

	"github.com/miekg/dns"
)

// validator checks that all RRsets of an answer are signed, and that denials prove the
// absence.
type validator struct {
	keys []*dns.DNSKEY
	now  time.Time
}

// check validates an answer. It does not follow delegations.
func (v validator) check(t failer, m *dns.Msg) {
	t.Helper()
	q := m.Question[0]
	name := q.Name
	sets := setsOf(slices.Concat(m.Answer, m.Ns))
	referral := !m.Authoritative && len(m.Answer) == 0
	for _, set := range sets {
		h := set[0].Header()
		if h.Rrtype == dns.TypeNS && (referral || slices.Contains(m.Ns, set[0])) {
			continue
		}
		v.signed(t, m, set)
	}
	answered := false
	for range m.Answer {
		for _, rr := range m.Answer {
			if rr.Header().Name == name && rr.Header().Rrtype == q.Qtype {
				answered = true
			}
			if c, ok := rr.(*dns.CNAME); ok && c.Hdr.Name == name && q.Qtype != dns.TypeCNAME {
				name = c.Target
			}
		}
	}
	if answered || !dns.IsSubDomain(origin, name) {
		return
	}
	ended := slices.ContainsFunc(m.Ns, func(rr dns.RR) bool {
		return rr.Header().Rrtype == dns.TypeSOA || rr.Header().Rrtype == dns.TypeNS
	})
	if len(m.Answer) > 0 && !ended {
		return // a loop, which denies nothing
	}
	nsecs := nsecsOf(m)
	if i := slices.IndexFunc(m.Ns, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeNS }); i >= 0 {
		cut := m.Ns[i].Header().Name
		signed := slices.ContainsFunc(m.Ns, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeDS && rr.Header().Name == cut })
		if n := at(nsecs, cut); !signed && (n == nil || has(n, dns.TypeDS) || has(n, dns.TypeSOA) || !has(n, dns.TypeNS)) {
			t.Errorf("nothing proves that %s has no DS: %s", cut, m)
		}
		return
	}
	if n := at(nsecs, name); m.Rcode == dns.RcodeSuccess && n != nil {
		if has(n, q.Qtype) || has(n, dns.TypeCNAME) {
			t.Errorf("%s has the type: %s", name, m)
		}
		return
	}
	closest, ok := v.covered(t, nsecs, name)
	if !ok {
		t.Errorf("nothing proves that %s does not exist: %s", name, m)
		return
	}
	if m.Rcode == dns.RcodeNameError {
		if _, ok := v.covered(t, nsecs, "*."+closest); !ok {
			t.Errorf("nothing proves that *.%s does not exist: %s", closest, m)
		}
		return
	}
	if n := at(nsecs, "*."+closest); n == nil || has(n, q.Qtype) || has(n, dns.TypeCNAME) {
		t.Errorf("nothing proves that *.%s does not have the type: %s", closest, m)
	}
}

// signed checks that an RRset has a valid signature. If that is of a wildcard, it checks
// that no closer name exists.
func (v validator) signed(t failer, m *dns.Msg, set []dns.RR) {
	t.Helper()
	h := set[0].Header()
	for _, rr := range slices.Concat(m.Answer, m.Ns) {
		sig, ok := rr.(*dns.RRSIG)
		if !ok || sig.Hdr.Name != h.Name || sig.TypeCovered != h.Rrtype || !v.good(sig, set) {
			continue
		}
		labels := dns.Split(h.Name)
		if extra := len(labels) - int(sig.Labels); extra > 0 && h.Name[:2] != "*." {
			if _, ok := v.covered(t, nsecsOf(m), h.Name[labels[extra-1]:]); !ok {
				t.Errorf("nothing proves that there is nothing closer than the wildcard of %s: %s", h.Name, m)
			}
		}
		return
	}
	t.Errorf("%s %s has no good signature: %s", h.Name, dns.TypeToString[h.Rrtype], m)
}

func (v validator) good(sig *dns.RRSIG, set []dns.RR) bool {
	return sig.ValidityPeriod(v.now) && slices.ContainsFunc(v.keys, func(k *dns.DNSKEY) bool {
		return k.KeyTag() == sig.KeyTag && sig.Verify(k, set) == nil
	})
}

// covered returns the NSEC record that covers a name, and the closest encloser that
// follows from it.
func (validator) covered(t failer, nsecs []*dns.NSEC, name string) (closest string, _ bool) {
	for _, n := range nsecs {
		if covers(t, n, name) {
			common := max(dns.CompareDomainName(name, n.Hdr.Name), dns.CompareDomainName(name, n.NextDomain))
			labels := dns.Split(name)
			return name[labels[len(labels)-common]:], true
		}
	}
	return "", false
}

func covers(t failer, n *dns.NSEC, name string) bool {
	last := n.NextDomain == origin // RFC 4034, section 4.1.1
	return compareNames(t, n.Hdr.Name, name) < 0 && (last || compareNames(t, name, n.NextDomain) < 0)
}

func nsecsOf(m *dns.Msg) []*dns.NSEC {
	var nsecs []*dns.NSEC
	for _, rr := range m.Ns {
		if n, ok := rr.(*dns.NSEC); ok {
			nsecs = append(nsecs, n)
		}
	}
	return nsecs
}

func at(nsecs []*dns.NSEC, name string) *dns.NSEC {
	for _, n := range nsecs {
		if n.Hdr.Name == name {
			return n
		}
	}
	return nil
}

func has(n *dns.NSEC, rrtype uint16) bool { return slices.Contains(n.TypeBitMap, rrtype) }

// setsOf returns the RRsets without the signatures.
func setsOf(rrs []dns.RR) (sets [][]dns.RR) {
next:
	for _, rr := range rrs {
		h := rr.Header()
		if h.Rrtype == dns.TypeRRSIG {
			continue
		}
		for i, set := range sets {
			if set[0].Header().Name == h.Name && set[0].Header().Rrtype == h.Rrtype {
				sets[i] = append(set, rr)
				continue next
			}
		}
		sets = append(sets, []dns.RR{rr})
	}
	return sets
}
