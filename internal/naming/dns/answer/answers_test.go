package answer

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnstest"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
)

// served returns a worker for messages by UDP about zones.
func served(t testing.TB, config Config, zones map[string]string) *Worker {
	t.Helper()
	return respond(t, config, zones).Worker(UDP)
}

// respond returns what answers about zones.
func respond(t testing.TB, config Config, zones map[string]string) *Responder {
	t.Helper()
	table := zonedata.New()
	for origin, text := range zones {
		if err := table.Put(dnstest.Zone(t, origin, text)); err != nil {
			t.Fatal(err)
		}
	}
	return New(table, config, 12*time.Second)
}

var someone = netip.MustParseAddr("192.0.2.99")

// exchange has a message answered as if it had come by the worker's transport.
func (w *Worker) exchange(t testing.TB, m *dns.Msg) *dns.Msg {
	t.Helper()
	raw, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := w.Handle(raw, nil, someone, time.Now())
	if answer == nil {
		t.Fatalf("no answer to %s", m)
	}
	got := new(dns.Msg)
	if err := got.Unpack(answer); err != nil {
		t.Fatalf("%x: %v", answer, err)
	}
	return got
}

// shown is an answer as the tables below have it.
func shown(m *dns.Msg) string {
	lines := []string{rcodeName(int(rcodeIndex[m.Rcode]))}
	for _, flag := range []struct {
		set  bool
		name string
	}{{m.Authoritative, "aa"}, {m.Truncated, "tc"}, {m.RecursionDesired, "rd"}, {m.RecursionAvailable, "ra"}, {m.AuthenticatedData, "ad"}, {m.CheckingDisabled, "cd"}} {
		if flag.set {
			lines[0] += " " + flag.name
		}
	}
	for _, section := range []struct {
		name string
		rrs  []dns.RR
	}{{"an", m.Answer}, {"au", m.Ns}, {"ad", m.Extra}} {
		for _, rr := range section.rrs {
			if rr.Header().Rrtype != dns.TypeOPT {
				lines = append(lines, section.name+" "+shownRR(rr))
			}
		}
	}
	return strings.Join(lines, "\n")
}

func shownRR(rr dns.RR) string {
	h := rr.Header()
	if soa, ok := rr.(*dns.SOA); ok {
		return fmt.Sprintf("%s %d SOA %d", h.Name, h.Ttl, soa.Serial)
	}
	data := strings.Join(strings.Fields(rr.String())[4:], " ")
	return fmt.Sprintf("%s %d %s %s", h.Name, h.Ttl, dns.Type(h.Rrtype), data)
}

const (
	soa      = "au example.com. 1800 SOA 7"
	mail     = "an mail.example.com. 300 A 192.0.2.2\nan mail.example.com. 300 A 192.0.2.3"
	mailAt   = "ad mail.example.com. 300 A 192.0.2.2\nad mail.example.com. 300 A 192.0.2.3\nad mail.example.com. 300 AAAA 2001:db8::2"
	ns1At    = "ad ns1.example.com. 300 A 192.0.2.1\nad ns1.example.com. 300 AAAA 2001:db8::1"
	referral = "au sub.example.com. 300 NS ns.sub.example.com.\nau sub.example.com. 300 NS ns2.SUB.example.com.\n" +
		"ad ns.sub.example.com. 300 A 192.0.2.20\nad ns.sub.example.com. 300 AAAA 2001:db8::20\nad ns2.SUB.example.com. 300 A 192.0.2.21"
)

func TestAnswers(t *testing.T) {
	w := served(t, Config{}, map[string]string{"example.com.": dnstest.Big, "child.example.com.": dnstest.Child})
	for _, test := range []struct{ name, ask, want string }{
		// What is there.
		{"an address", "ns1.example.com. A", "NOERROR aa\nan ns1.example.com. 300 A 192.0.2.1"},
		{"several records", "mail.example.com. A", "NOERROR aa\n" + mail},
		{"the SOA keeps its TTL", "example.com. SOA", "NOERROR aa\nan example.com. 3600 SOA 7"},
		{"texts", "many.example.com. TXT", "NOERROR aa\nan many.example.com. 300 TXT \"one\" \"two\""},
		{"CAA", "caa.example.com. CAA", "NOERROR aa\nan caa.example.com. 300 CAA 0 issue \"ca.example.net\""},
		{"PTR", "ptr.example.com. PTR", "NOERROR aa\nan ptr.example.com. 300 PTR www.example.com."},
		{"an unknown type", "odd.example.com. TYPE65280", "NOERROR aa\nan odd.example.com. 300 TYPE65280 \\# 3 010203"},
		{"case of the question is kept", "nS1.eXample.COM. A", "NOERROR aa\nan nS1.eXample.COM. 300 A 192.0.2.1"},
		{"case of the zone does not matter", "mixed.example.com. A", "NOERROR aa\nan mixed.example.com. 300 A 192.0.2.4"},

		// Hosts' addresses.
		{"NS", "example.com. NS", "NOERROR aa\nan example.com. 300 NS ns1.example.com.\nan example.com. 300 NS ns2.example.net.\n" + ns1At},
		{"MX, a host once", "example.com. MX", "NOERROR aa\nan example.com. 300 MX 10 mail.example.com.\nan example.com. 300 MX 20 mail.example.net.\nan example.com. 300 MX 30 mail.example.com.\n" + mailAt},
		{"SRV", "_sip._tcp.example.com. SRV", "NOERROR aa\nan _sip._tcp.example.com. 300 SRV 1 2 5060 mail.example.com.\n" + mailAt},
		{"SRV outside", "_sip._udp.example.com. SRV", "NOERROR aa\nan _sip._udp.example.com. 300 SRV 1 2 5060 mail.example.net."},
		{"SRV of no service", "_no._tcp.example.com. SRV", "NOERROR aa\nan _no._tcp.example.com. 300 SRV 0 0 0 ."},

		// What is not.
		{"no such name", "none.example.com. A", "NXDOMAIN aa\n" + soa},
		{"no such name, far below", "a.b.c.d.none.example.com. A", "NXDOMAIN aa\n" + soa},
		{"below a name that is there", "x.mail.example.com. A", "NXDOMAIN aa\n" + soa},
		{"no such type", "ns1.example.com. TXT", "NOERROR aa\n" + soa},
		{"no such type at the apex", "example.com. AAAA", "NOERROR aa\n" + soa},
		{"empty non-terminal", "ent.example.com. A", "NOERROR aa\n" + soa},
		{"empty non-terminal, the lower one", "b.ent.example.com. TXT", "NOERROR aa\n" + soa},
		{"beside what makes the non-terminal", "c.b.ent.example.com. TXT", "NXDOMAIN aa\n" + soa},
		{"empty non-terminal of underscores", "_tcp.example.com. SRV", "NOERROR aa\n" + soa},
		{"RRSIG of a zone that is not signed", "ns1.example.com. RRSIG", "NOERROR aa\n" + soa},

		// Other zones.
		{"outside of all zones", "example.net. A", "REFUSED"},
		{"above all zones", "com. NS", "REFUSED"},
		{"the root", ". NS", "REFUSED"},
		{"a name that ends alike", "notexample.com. A", "REFUSED"},
		{"the lower zone wins", "www.child.example.com. A", "NOERROR aa\nan www.child.example.com. 300 A 192.0.2.32"},
		{"the lower zone's apex", "child.example.com. NS", "NOERROR aa\nan child.example.com. 300 NS ns.child.example.com.\nad ns.child.example.com. 300 A 192.0.2.30"},
		{"the lower zone denies", "below.child.example.com. A", "NXDOMAIN aa\nau child.example.com. 600 SOA 9"},
		{"the SOA's TTL is the less", "child.example.com. A", "NOERROR aa\nau child.example.com. 600 SOA 9"},
		{"DS belongs above", "child.example.com. DS", "NOERROR aa\n" + soa},
		{"DS without a zone above", "example.com. DS", "NOERROR aa\n" + soa},
		{"CNAME to another of our zones", "up.child.example.com. A", "NOERROR aa\nan up.child.example.com. 300 CNAME www.example.com."},

		// Aliases.
		{"CNAME", "www.example.com. A", "NOERROR aa\nan www.example.com. 300 CNAME mail.example.com.\n" + mail},
		{"CNAME asked for", "www.example.com. CNAME", "NOERROR aa\nan www.example.com. 300 CNAME mail.example.com."},
		{"CNAME to a name without the type", "www.example.com. TXT", "NOERROR aa\nan www.example.com. 300 CNAME mail.example.com.\n" + soa},
		{"CNAME, three times", "c1.example.com. A", "NOERROR aa\nan c1.example.com. 300 CNAME c2.example.com.\nan c2.example.com. 300 CNAME c3.example.com.\nan c3.example.com. 300 CNAME mail.example.com.\n" + mail},
		{"CNAME to nothing", "tonone.example.com. A", "NXDOMAIN aa\nan tonone.example.com. 300 CNAME none.example.com.\n" + soa},
		{"CNAME to an empty non-terminal", "toent.example.com. A", "NOERROR aa\nan toent.example.com. 300 CNAME ent.example.com.\n" + soa},
		{"CNAME to outside", "out.example.com. A", "NOERROR aa\nan out.example.com. 300 CNAME www.example.net."},
		{"CNAME to the apex", "toapex.example.com. TXT", "NOERROR aa\nan toapex.example.com. 300 CNAME example.com.\nan example.com. 300 TXT \"apex\""},
		{"CNAME to the apex, MX", "toapex.example.com. MX", "NOERROR aa\nan toapex.example.com. 300 CNAME example.com.\nan example.com. 300 MX 10 mail.example.com.\nan example.com. 300 MX 20 mail.example.net.\nan example.com. 300 MX 30 mail.example.com.\n" + mailAt},
		{"CNAME to a wildcard", "towild.example.com. A", "NOERROR aa\nan towild.example.com. 300 CNAME q.wild.example.com.\nan q.wild.example.com. 300 A 192.0.2.9"},
		{"CNAME to a wildcard's CNAME", "towildcn.example.com. AAAA", "NOERROR aa\nan towildcn.example.com. 300 CNAME q.cn.example.com.\nan q.cn.example.com. 300 CNAME mail.example.com.\nan mail.example.com. 300 AAAA 2001:db8::2"},
		{"CNAME to below a delegation", "todeleg.example.com. A", "NOERROR aa\nan todeleg.example.com. 300 CNAME x.sub.example.com.\n" + referral},
		{"CNAME to a delegation", "tocut.example.com. NS", "NOERROR aa\nan tocut.example.com. 300 CNAME sub.example.com.\n" + referral},
		{"CNAME to itself", "toself.example.com. A", "NOERROR aa\nan toself.example.com. 300 CNAME toself.example.com."},
		{"CNAMEs in a circle", "l2.example.com. A", "NOERROR aa\nan l2.example.com. 300 CNAME L3.example.com.\nan L3.example.com. 300 CNAME l1.example.com.\nan l1.example.com. 300 CNAME l2.example.com."},

		// Wildcards.
		{"wildcard", "q.wild.example.com. A", "NOERROR aa\nan q.wild.example.com. 300 A 192.0.2.9"},
		{"wildcard, several labels", "q.r.s.wild.example.com. A", "NOERROR aa\nan q.r.s.wild.example.com. 300 A 192.0.2.9"},
		{"wildcard, case kept", "Q.wilD.example.com. A", "NOERROR aa\nan Q.wilD.example.com. 300 A 192.0.2.9"},
		{"wildcard without the type", "q.wild.example.com. MX", "NOERROR aa\n" + soa},
		{"the wildcard itself", "*.wild.example.com. A", "NOERROR aa\nan *.wild.example.com. 300 A 192.0.2.9"},
		{"below the wildcard itself", "x.*.wild.example.com. A", "NXDOMAIN aa\n" + soa},
		{"the name above a wildcard", "wild.example.com. A", "NOERROR aa\n" + soa},
		{"a name that is there, beside a wildcard", "host.wild.example.com. A", "NOERROR aa\nan host.wild.example.com. 300 A 192.0.2.10"},
		{"its other types don't come from the wildcard", "host.wild.example.com. TXT", "NOERROR aa\n" + soa},
		{"below it the wildcard does not reach", "x.host.wild.example.com. A", "NXDOMAIN aa\n" + soa},
		{"an empty non-terminal beside a wildcard", "z.wild.example.com. A", "NOERROR aa\n" + soa},
		{"below it the wildcard does not reach either", "x.z.wild.example.com. A", "NXDOMAIN aa\n" + soa},
		{"CNAME at a wildcard", "q.cn.example.com. A", "NOERROR aa\nan q.cn.example.com. 300 CNAME mail.example.com.\n" + mail},
		{"CNAME at a wildcard asked for", "q.cn.example.com. CNAME", "NOERROR aa\nan q.cn.example.com. 300 CNAME mail.example.com."},
		{"CNAME at a wildcard, to a name without the type", "q.cn.example.com. TXT", "NOERROR aa\nan q.cn.example.com. 300 CNAME mail.example.com.\n" + soa},
		{"CNAME at a wildcard, to nothing", "q.cnx.example.com. A", "NXDOMAIN aa\nan q.cnx.example.com. 300 CNAME gone.example.com.\n" + soa},
		{"CNAME at a wildcard, to below a delegation", "q.cd.example.com. A", "NOERROR aa\nan q.cd.example.com. 300 CNAME x.sub.example.com.\n" + referral},
		{"CNAME at a wildcard, in a circle", "q.loop.example.com. A", "NOERROR aa\nan q.loop.example.com. 300 CNAME x.loop.example.com."},
		{"MX at a wildcard", "q.mx.example.com. MX", "NOERROR aa\nan q.mx.example.com. 300 MX 10 mail.example.com.\n" + mailAt},
		{"a wildcard that is an empty non-terminal", "q.star.example.com. A", "NOERROR aa\n" + soa},
		{"two asterisks, literally", "x.*.two.example.com. A", "NOERROR aa\nan x.*.two.example.com. 300 A 192.0.2.12"},
		{"two asterisks, the upper is empty", "x.y.two.example.com. A", "NOERROR aa\n" + soa},
		{"a delegation beside a wildcard", "x.d.wd.example.com. A", "NOERROR\nau d.wd.example.com. 300 NS ns1.example.com.\n" + ns1At},
		{"ANY at a wildcard", "q.mx.example.com. ANY", "NOERROR aa\nan q.mx.example.com. 300 MX 10 mail.example.com."},

		// Delegations.
		{"at a delegation", "sub.example.com. A", "NOERROR\n" + referral},
		{"its NS", "sub.example.com. NS", "NOERROR\n" + referral},
		{"below it", "a.b.c.sub.example.com. MX", "NOERROR\n" + referral},
		{"ANY below it", "a.sub.example.com. ANY", "NOERROR\n" + referral},
		{"CNAME below it", "a.sub.example.com. CNAME", "NOERROR\n" + referral},
		{"SOA below it", "a.sub.example.com. SOA", "NOERROR\n" + referral},
		{"glue is not data", "ns.sub.example.com. A", "NOERROR\n" + referral},
		{"what is occluded", "occluded.sub.example.com. A", "NOERROR\n" + referral},
		{"a wildcard that is occluded", "q.sub.example.com. TXT", "NOERROR\n" + referral},
		{"a delegation that is occluded", "x.deep.sub.example.com. A", "NOERROR\n" + referral},
		{"case in a referral", "X.Sub.example.com. A", "NOERROR\nau Sub.example.com. 300 NS ns.sub.example.com.\nau Sub.example.com. 300 NS ns2.SUB.example.com.\n" + strings.Join(strings.Split(referral, "\n")[2:], "\n")},
		{"without glue", "ext.example.com. A", "NOERROR\nau ext.example.com. 300 NS ns.example.net."},
		{"glue of a sibling", "sib.example.com. A", "NOERROR\nau sib.example.com. 300 NS ns.sub.example.com.\nad ns.sub.example.com. 300 A 192.0.2.20\nad ns.sub.example.com. 300 AAAA 2001:db8::20"},
		{"to a host of the zone itself", "in.example.com. A", "NOERROR\nau in.example.com. 300 NS ns1.example.com.\n" + ns1At},
		{"a delegation that is its own server", "self.example.com. A", "NOERROR\nau self.example.com. 300 NS self.example.com.\nad self.example.com. 300 A 192.0.2.23"},
		{"above a delegation", "here.example.com. A", "NOERROR aa\n" + soa},
		{"below an empty non-terminal above a delegation", "not.here.example.com. A", "NXDOMAIN aa\n" + soa},
		{"DS at a delegation without", "sub.example.com. DS", "NOERROR aa\n" + soa},
		{"DS at a delegation", "secure.example.com. DS", "NOERROR aa\nan secure.example.com. 300 DS 1 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"},
		{"DS below a delegation", "x.secure.example.com. DS", "NOERROR\nau secure.example.com. 300 NS ns1.example.com.\n" + ns1At},

		// Types that are none.
		{"ANY", "many.example.com. ANY", "NOERROR aa\nan many.example.com. 300 A 192.0.2.5"},
		{"ANY at a CNAME", "www.example.com. ANY", "NOERROR aa\nan www.example.com. 300 CNAME mail.example.com."},
		{"ANY at an empty non-terminal", "ent.example.com. ANY", "NOERROR aa\n" + soa},
		{"ANY at no name", "none.example.com. ANY", "NXDOMAIN aa\n" + soa},
		{"MAILA", "example.com. MAILA", "NOTIMP"},
		{"MAILB", "example.com. MAILB", "NOTIMP"},
		{"TSIG", "example.com. TSIG", "NOTIMP"},
		{"TKEY", "example.com. TKEY", "NOTIMP"},
		{"OPT", "example.com. OPT", "FORMERR"},
		{"type 0", "example.com. TYPE0", "NOERROR aa\n" + soa},
		{"an obsolete type", "example.com. MD", "NOERROR aa\n" + soa},
	} {
		t.Run(test.name, func(t *testing.T) {
			name, rrtype, _ := strings.Cut(test.ask, " ")
			m := new(dns.Msg)
			m.Question = []dns.Question{{Name: name, Qtype: typeOf(t, rrtype), Qclass: dns.ClassINET}}
			got := w.exchange(t, m)
			if diff := cmp.Diff(test.want, shown(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.ask, diff)
			}
			if !got.Response || !slices.Equal(got.Question, m.Question) {
				t.Errorf("the question is not there as it was asked: %s", got)
			}
		})
	}
}

func typeOf(t *testing.T, name string) uint16 {
	if rrtype, ok := dns.StringToType[name]; ok {
		return rrtype
	}
	var rrtype uint16
	if _, err := fmt.Sscanf(name, "TYPE%d", &rrtype); err != nil {
		t.Fatal(err)
	}
	return rrtype
}
