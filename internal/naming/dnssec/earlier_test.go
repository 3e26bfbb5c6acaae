package dnssec

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// Only RRsets that have changed or whose signatures expire soon are signed again.
func TestSignaturesAreReused(t *testing.T) {
	const text = "@ SOA ns1 host 7 2 3 4 60\n@ NS ns.example.net.\na A 192.0.2.1\na A 192.0.2.2\nc A 192.0.2.1\n"
	began := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	key := newTestKey(t)
	successor := newTestKey(t, key)
	keys := Keys{Stage: Stable, Key: key}
	published := Keys{Stage: Published, Key: key, Successor: successor}
	switched := Keys{Stage: Switched, Key: key, Successor: successor}
	namesake := newTestKey(t)
	namesake.tag = key.tag
	everything := []string{"@ CDNSKEY", "@ CDS", "@ DNSKEY", "@ NS", "@ NSEC", "@ SOA", "a A", "a NSEC", "c A", "c NSEC"}
	without := func(types ...string) []string {
		return slices.DeleteFunc(slices.Clone(everything), func(name string) bool {
			_, rrtype, _ := strings.Cut(name, " ")
			return slices.Contains(types, rrtype)
		})
	}
	for _, test := range []struct {
		name          string
		before, after Keys
		from, to      string
		later         time.Duration
		again         []string
	}{
		{"nothing changes", keys, keys, "", "", time.Hour, nil},
		{"the serial", keys, keys, "host 7", "host 8", 0, []string{"@ SOA"}},
		{"a new name", keys, keys, "c A", "b A 192.0.2.1\nc A", 0, []string{"a NSEC", "b A", "b NSEC"}},
		{"a name less", keys, keys, "c A 192.0.2.1\n", "", 0, []string{"a NSEC"}},
		{"a record", keys, keys, "c A", "c A 192.0.2.9\nc A", 0, []string{"c A"}},
		{"a record less", keys, keys, "a A 192.0.2.1\n", "", 0, []string{"a A"}},
		{"a type", keys, keys, "c A", "c TXT x\nc A", 0, []string{"c NSEC", "c TXT"}},
		{"a TTL", keys, keys, "c A", "c 77 A", 0, []string{"c A"}},
		{"the TTL of negative answers", keys, keys, "4 60", "4 61", 0, []string{"@ NSEC", "@ SOA", "a NSEC", "c NSEC"}},
		{"a key comes", keys, published, "", "", 0, everything},
		{"the next key signs", published, switched, "", "", 0, without("DNSKEY")},
		{"another key with the tag", keys, Keys{Stage: Stable, Key: namesake}, "", "", 0, everything},
		{"old ones", keys, keys, "", "", 2*24*time.Hour + time.Second, everything},
	} {
		t.Run(test.name, func(t *testing.T) {
			now := began
			config := Config{Now: func() time.Time { return now }}
			sign := func(text string, keys Keys, earlier []dns.RR) []dns.RR {
				records := append(parsed(t, origin, text), keys.Records(origin, 600)...)
				all, err := whole(t.Context(), NewSigner(origin, keys, config), records, earlier)
				if err != nil {
					t.Fatal(err)
				}
				return all
			}
			first := sign(text, test.before, nil)
			now = now.Add(test.later)
			second := sign(strings.Replace(text, test.from, test.to, 1), test.after, first)
			var again []string
			for _, rr := range second {
				if sig, ok := rr.(*dns.RRSIG); ok && !slices.Contains(first, rr) {
					owner := strings.TrimSuffix(strings.TrimSuffix(sig.Hdr.Name, origin), ".")
					again = append(again, max(owner, "@")+" "+dns.TypeToString[sig.TypeCovered])
				}
			}
			slices.Sort(again)
			if diff := cmp.Diff(test.again, slices.Compact(again)); diff != "" {
				t.Errorf("what is signed again (-want +got):\n%s", diff)
			}
			if test.after.Key == namesake {
				return // whose tag is not really its own
			}
			v := validator{now: now.Add(copied)}
			for _, key := range test.after.all() {
				v.keys = append(v.keys, key.DNSKEY(origin, 600))
			}
			for _, set := range setsOf(second) {
				v.signed(t, &dns.Msg{Answer: second}, set)
			}
		})
	}
}
