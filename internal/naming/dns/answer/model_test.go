package answer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
	"pgregory.net/rapid"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// model is a zone as a list, searched by what RFC 1034, section 4.3.2, and RFC
// 4592 say, slowly.
type model struct {
	origin  string
	records []dns.RR
}

func (m model) at(name string, rrtype uint16) []dns.RR {
	var found []dns.RR
	for _, rr := range m.records {
		if strings.EqualFold(rr.Header().Name, name) && rr.Header().Rrtype == rrtype {
			found = append(found, rr)
		}
	}
	return found
}

func (m model) exists(name string) bool {
	return slices.ContainsFunc(m.records, func(rr dns.RR) bool { return dns.IsSubDomain(name, rr.Header().Name) })
}

// ancestors returns the names from the one below the apex down to a name.
func (m model) ancestors(name string) []string {
	var names []string
	for name != m.origin {
		names = append(names, name)
		next, _ := dns.NextLabel(name, 0)
		name = name[next:]
	}
	slices.Reverse(names)
	return names
}

// answer is what the model says to a question.
func (m model) answer(name string, rrtype uint16) *dns.Msg {
	a := &dns.Msg{MsgHdr: dns.MsgHdr{Response: true}}
	if !dns.IsSubDomain(m.origin, name) {
		a.Rcode = dns.RcodeRefused
		return a
	}
	a.Authoritative = true
	used := map[string]bool{}
	for dns.IsSubDomain(m.origin, name) {
		if cut := m.cut(name, rrtype); cut != "" {
			a.Authoritative = len(a.Answer) > 0
			a.Ns = m.at(cut, dns.TypeNS)
			a.Extra = m.hosts(a.Ns)
			return a
		}
		source := m.source(name)
		if source == "" {
			a.Rcode = dns.RcodeNameError
			a.Ns = m.negative()
			return a
		}
		if found := m.data(source, rrtype); len(found) > 0 {
			a.Answer = append(a.Answer, renamed(found, name)...)
			if found[0].Header().Rrtype == rrtype {
				a.Extra = m.hosts(found)
			}
			return a
		}
		alias := m.at(source, dns.TypeCNAME)
		if len(alias) == 0 {
			a.Ns = m.negative()
			return a
		}
		if used[source] {
			return a
		}
		used[source] = true
		a.Answer = append(a.Answer, renamed(alias, name)...)
		name = alias[0].(*dns.CNAME).Target
	}
	return a
}

// cut returns the uppermost delegation at or above a name.
func (m model) cut(name string, rrtype uint16) string {
	for _, n := range m.ancestors(name) {
		if len(m.at(n, dns.TypeNS)) > 0 && (n != name || rrtype != dns.TypeDS) {
			return n
		}
	}
	return ""
}

// source returns the name whose records answer for a name, or "".
func (m model) source(name string) string {
	if m.exists(name) {
		return name
	}
	for !m.exists(name) {
		next, _ := dns.NextLabel(name, 0)
		name = name[next:]
	}
	if m.exists("*." + name) {
		return "*." + name
	}
	return ""
}

func (m model) data(name string, rrtype uint16) []dns.RR {
	if rrtype != dns.TypeANY {
		return m.at(name, rrtype)
	}
	for t := range uint16(300) { // one RRset, that of the least type
		if found := m.at(name, t); len(found) > 0 {
			return found
		}
	}
	return nil
}

func (m model) negative() []dns.RR {
	soa := dns.Copy(m.at(m.origin, dns.TypeSOA)[0]).(*dns.SOA)
	soa.Hdr.Ttl = min(soa.Hdr.Ttl, soa.Minttl)
	return []dns.RR{soa}
}

func (m model) hosts(rrs []dns.RR) []dns.RR {
	var found []dns.RR
	seen := map[string]bool{}
	for _, rr := range rrs {
		host := ""
		switch rr := rr.(type) {
		case *dns.NS:
			host = rr.Ns
		case *dns.MX:
			host = rr.Mx
		case *dns.SRV:
			host = rr.Target
		}
		if host != "" && !seen[host] && dns.IsSubDomain(m.origin, host) {
			found = append(append(found, m.at(host, dns.TypeA)...), m.at(host, dns.TypeAAAA)...)
		}
		seen[host] = true
	}
	return found
}

func renamed(rrs []dns.RR, name string) []dns.RR {
	var copies []dns.RR
	for _, rr := range rrs {
		rr = dns.Copy(rr)
		rr.Header().Name = name
		copies = append(copies, rr)
	}
	return copies
}

// sorted is shown with the records of each section in one order.
func sorted(m *dns.Msg) string {
	for _, section := range [][]dns.RR{m.Answer, m.Ns, m.Extra} {
		slices.SortStableFunc(section, func(a, b dns.RR) int { return cmp.Compare(shownRR(a), shownRR(b)) })
	}
	return shown(m)
}

var labels = rapid.SampledFrom([]string{"a", "b", "c", "*", "ns"})

// names draws names in and around a zone.
func names(origin string) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		name := rapid.SampledFrom([]string{origin, origin, origin, origin, origin, origin, "other.", "."}).Draw(t, "parent")
		for _, label := range rapid.SliceOfN(labels, 0, 4).Draw(t, "labels") {
			name = label + "." + strings.TrimPrefix(name, ".")
		}
		return name
	})
}

func records(origin string) *rapid.Generator[dns.RR] {
	return rapid.Custom(func(t *rapid.T) dns.RR {
		name := names(origin).Filter(func(n string) bool { return dns.IsSubDomain(origin, n) }).Draw(t, "owner")
		host := names(origin).Draw(t, "host")
		data := rapid.SampledFrom([]string{
			"A 192.0.2.1", "A 192.0.2.2", "AAAA 2001:db8::1", `TXT "x"`, "NS " + host, "CNAME " + host, "CNAME " + host,
			"MX 10 " + host, "SRV 1 2 3 " + host, "PTR " + host, "DS 1 13 2 " + strings.Repeat("AB", 32),
		}).Draw(t, "data")
		rr, err := dns.NewRR(name + " 300 IN " + data)
		if err != nil {
			t.Fatal(err)
		}
		return rr
	})
}

// fits reports whether a record may be added.
func (m model) fits(rr dns.RR) bool {
	h := rr.Header()
	if h.Rrtype == dns.TypeNS && strings.HasPrefix(h.Name, "*.") {
		return false // means nothing (RFC 4592, section 4.2)
	}
	if h.Rrtype == dns.TypeCNAME && h.Name == m.origin {
		return false
	}
	return !slices.ContainsFunc(m.records, func(o dns.RR) bool {
		return o.Header().Name == h.Name && (h.Rrtype == dns.TypeCNAME || o.Header().Rrtype == dns.TypeCNAME || o.String() == rr.String())
	})
}

func soaRecord(t *rapid.T, origin string, serial int) dns.RR {
	rr, err := dns.NewRR(fmt.Sprintf("%s 600 IN SOA ns.%s hostmaster.%s %d 1 1 1 300", origin, strings.TrimPrefix(origin, "."), strings.TrimPrefix(origin, "."), serial))
	if err != nil {
		t.Fatal(err)
	}
	return rr
}

// TestModel compares the server with the model, for zones that come whole and
// then change.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		origin := rapid.SampledFrom([]string{"example.", "a.b.example."}).Draw(t, "origin")
		m := model{origin: origin, records: []dns.RR{soaRecord(t, origin, 0)}}
		for _, rr := range rapid.SliceOfN(records(origin), 0, 15).Draw(t, "records") {
			if m.fits(rr) {
				m.records = append(m.records, rr)
			}
		}
		s := zonedata.New()
		if err := s.Put(zone.Zone{Origin: origin, Records: m.records}); err != nil {
			t.Fatal(err)
		}
		w := New(s, Config{}, 0).Worker(TCP)
		for serial := 1; ; serial++ {
			m.check(t, w)
			if serial == 4 {
				break
			}
			m.change(t, s, serial)
		}
	})
}

// change draws a change and makes it in the server and the model.
func (m *model) change(t *rapid.T, s *zonedata.Table, serial int) {
	c := zone.Change{Origin: m.origin, Removed: m.records[:1:1], Added: []dns.RR{soaRecord(t, m.origin, serial)}}
	next := model{origin: m.origin, records: slices.Clone(c.Added)}
	for _, rr := range m.records[1:] {
		if rapid.Bool().Draw(t, "keep") {
			next.records = append(next.records, rr)
		} else {
			c.Removed = append(c.Removed, rr)
		}
	}
	for _, rr := range rapid.SliceOfN(records(m.origin), 0, 5).Draw(t, "added") {
		if next.fits(rr) {
			next.records, c.Added = append(next.records, rr), append(c.Added, rr)
		}
	}
	if err := s.Apply(c); err != nil {
		t.Fatal(err)
	}
	*m = next
}

func (m model) check(t *rapid.T, w *Worker) {
	t.Helper()
	v, _ := w.responder.table.Zone(m.origin)
	if got := len(slices.Collect(v.Records())); got != len(m.records) || v.Len() != got {
		t.Fatalf("the zone has %d records, counts %d, and should have %d", got, v.Len(), len(m.records))
	}
	for range 20 {
		name := names(m.origin).Draw(t, "name")
		rrtype := rapid.SampledFrom([]uint16{
			dns.TypeA, dns.TypeTXT, dns.TypeNS, dns.TypeCNAME, dns.TypeMX, dns.TypeSRV, dns.TypePTR, dns.TypeDS, dns.TypeSOA, dns.TypeANY,
		}).Draw(t, "type")
		query := new(dns.Msg)
		query.Question = []dns.Question{{Name: name, Qtype: rrtype, Qclass: dns.ClassINET}}
		raw, err := query.Pack()
		if err != nil {
			t.Fatal(err)
		}
		got := new(dns.Msg)
		if err := got.Unpack(w.answered(raw)); err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(sorted(m.answer(name, rrtype)), sorted(got)); diff != "" {
			t.Fatalf("%s %s of\n%s\n(-model +server):\n%s", name, dns.TypeToString[rrtype], m, diff)
		}
	}
}

func (m model) String() string {
	var lines []string
	for _, rr := range m.records {
		lines = append(lines, rr.String())
	}
	return strings.Join(lines, "\n")
}
