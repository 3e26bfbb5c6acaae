package record

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// Parameters are rejected, or make a record that DNS can carry and that stays the
// same when a client sends back the attributes that it was shown.
func FuzzRecords(f *testing.F) {
	for _, seed := range []struct{ kind, name, data, tag string }{
		{"A", "www", "192.0.2.1", ""}, {"AAAA", "*.a", "2001:db8::1", ""}, {"CNAME", "a.example.com.", "b.example.net.", ""}, {"MX", "", "@", ""},
		{"NS", "sub", "ns1", ""}, {"SRV", "_sip._tcp", ".", ""}, {"TXT", "@", `"a\"b" "c\200"`, ""}, {"TXT", "@", `"a\195" "\188" ""`, ""}, {"CAA", "@", "ca.example.; a=b", "issue"}, {"CAA", "@", "mailto:a@b", "iodef"},
	} {
		f.Add(seed.kind, seed.name, seed.data, seed.tag, int64(10), int64(3600))
	}
	z := Zone{Name: "example.com", TTL: 1800, Primary: "ns1.cloud.test"}
	f.Fuzz(func(t *testing.T, kind, name, data, tag string, n, ttl int64) {
		number, seconds := Number(n), Number(ttl)
		p := Params{Type: &kind, Name: &name, Data: &data, Tag: &tag, Priority: &number, Port: &number, Weight: &number, Flags: &number, TTL: &seconds}
		r, err := z.NewRecord(p)
		if err != nil {
			return
		}
		rr, err := z.RR(r)
		if err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
		wire := make([]byte, dns.MaxMsgSize)
		end, err := dns.PackRR(rr, wire, 0, nil, false)
		if err != nil {
			t.Fatalf("%+v: %v", r, err)
		}
		unpacked, _, err := dns.UnpackRR(wire[:end], 0)
		if err != nil || !dns.IsDuplicate(rr, unpacked) {
			t.Errorf("%+v: %s is unpacked as %v, %v", r, rr, unpacked, err)
		}
		if !strings.EqualFold(rr.Header().Name, z.Origin()) && !dns.IsSubDomain(z.Origin(), rr.Header().Name) {
			t.Errorf("%+v: %s is outside", r, rr)
		}
		again, err := z.ChangedRecord(r, Params{Type: &r.Type, Name: &r.Name, Data: &r.Data, Tag: r.Tag})
		if err != nil || z.Content(again) != z.Content(r) || again.Name != r.Name {
			t.Errorf("%+v given back: %+v, %v", r, again, err)
		}
	})
}
