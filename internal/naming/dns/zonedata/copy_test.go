package zonedata

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnstest"
)

// copyOf returns what a copy of a zone has beside its SOA record, as "name type
// data" with @ for the zone's name, in one order.
func copyOf(t testing.TB, s *Table, origin string) []string {
	t.Helper()
	v, ok := s.Zone(origin)
	if !ok {
		t.Fatal("the zone is not there")
	}
	var all []string
	for rr := range v.Copy() {
		fields := strings.Fields(strings.ReplaceAll(rr.String(), origin, "@"))
		if fields[3] != "SOA" {
			all = append(all, strings.Join(append(fields[:1], fields[3:]...), " "))
		} else if len(all) > 0 {
			t.Error("the SOA is not the first")
		}
	}
	slices.Sort(all)
	return all
}

// TestCopy holds that a copy of a zone delegates our zones below it.
func TestCopy(t *testing.T) {
	const soa = "@ SOA ns hostmaster 7 1 1 1 1\n"
	for _, test := range []struct {
		name, above string
		below       map[string]string
		want        []string
	}{
		{"no zone below", "a A 192.0.2.1", map[string]string{"a.example.org.": ""}, []string{"a.@ A 192.0.2.1"}},
		{"a zone below", "", map[string]string{"sub.example.com.": "@ NS ns.example.net."}, []string{"sub.@ NS ns.example.net."}},
		{"one with a DS", "", map[string]string{"sub.example.com.": "@ NS ns.example.net.\n@ DS 1 " + dnstest.Digest},
			[]string{"sub.@ DS 1 " + dnstest.Digest, "sub.@ NS ns.example.net."}},
		{"glue", "ns A 192.0.2.9", map[string]string{"sub.example.com.": "@ NS ns\n@ NS @\n@ NS none\n@ NS ns.example.com.\nns A 192.0.2.1\nns AAAA 2001:db8::1\nns TXT x\n@ A 192.0.2.2"},
			[]string{"ns.@ A 192.0.2.9", "ns.sub.@ A 192.0.2.1", "ns.sub.@ AAAA 2001:db8::1", "sub.@ A 192.0.2.2",
				"sub.@ NS none.sub.@", "sub.@ NS ns.@", "sub.@ NS ns.sub.@", "sub.@ NS sub.@"}},
		{"glue of a zone still lower", "", map[string]string{"sub.example.com.": "@ NS ns.low", "low.sub.example.com.": "@ NS ns\nns A 192.0.2.1"},
			[]string{"ns.low.sub.@ A 192.0.2.1", "sub.@ NS ns.low.sub.@"}},
		{"one below another one is that one's", "", map[string]string{"sub.example.com.": "@ NS ns.example.net.", "low.sub.example.com.": "@ NS ns.example.net."},
			[]string{"sub.@ NS ns.example.net."}},
		{"one below names between", "", map[string]string{"a.b.example.com.": "@ NS ns.example.net."}, []string{"a.b.@ NS ns.example.net."}},
		{"what is occluded is left out", "SUB CNAME a\na.Sub A 192.0.2.1\nxsub A 192.0.2.1\n*.sub A 192.0.2.3\nb.sub NS a", map[string]string{"sub.example.com.": "@ NS ns.example.net."},
			[]string{"sub.@ NS ns.example.net.", "xsub.@ A 192.0.2.1"}},
		{"a delegation of its own stays", "sub NS ns.sub\nns.sub A 192.0.2.1", map[string]string{"sub.example.com.": "@ NS ns.example.net."},
			[]string{"ns.sub.@ A 192.0.2.1", "sub.@ NS ns.sub.@"}},
		{"and gets the DS", "sub NS ns.sub", map[string]string{"sub.example.com.": "@ NS ns.example.net.\n@ DS 1 " + dnstest.Digest},
			[]string{"sub.@ DS 1 " + dnstest.Digest, "sub.@ NS ns.sub.@"}},
		{"but if it has one", "sub NS ns.sub\nsub DS 2 " + dnstest.Digest, map[string]string{"sub.example.com.": "@ NS ns.example.net.\n@ DS 1 " + dnstest.Digest},
			[]string{"sub.@ DS 2 " + dnstest.Digest, "sub.@ NS ns.sub.@"}},
		{"a DS of its own stays", "sub DS 2 " + dnstest.Digest, map[string]string{"sub.example.com.": "@ NS ns.example.net.\n@ DS 1 " + dnstest.Digest},
			[]string{"sub.@ DS 2 " + dnstest.Digest, "sub.@ NS ns.example.net."}},
		{"below a delegation of its own", "cut NS ns.example.net.", map[string]string{"x.cut.example.com.": "@ NS ns.example.org."},
			[]string{"cut.@ NS ns.example.net."}},
		{"one without NS records", "sub A 192.0.2.1", map[string]string{"sub.example.com.": ""}, []string{"sub.@ A 192.0.2.1"}},
		{"a name that only ends alike", "", map[string]string{"xexample.com.": "@ NS ns.example.net.", "com.": "@ NS ns.example.net."}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			table := tableOf(t, map[string]string{"example.com.": soa + test.above})
			for origin, text := range test.below {
				z := dnstest.Zone(t, origin, soa+text)
				z.Records = slices.DeleteFunc(z.Records, func(rr dns.RR) bool {
					if rr.Header().Rrtype != dns.TypeDS {
						return false
					}
					z.DS = append(z.DS, rr)
					return true
				})
				if err := table.Put(z); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(test.want, copyOf(t, table, "example.com.")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// put puts a zone that may have DS records in the zone above.
func put(t testing.TB, s *Table, origin string, ds ...string) {
	t.Helper()
	if err := s.Put(dnstest.Delegated(t, origin, ds...)); err != nil {
		t.Fatal(err)
	}
}

// TestCopyChanges holds that a copy has what is below when it is made.
func TestCopyChanges(t *testing.T) {
	table := tableOf(t, map[string]string{"example.com.": "@ SOA ns hostmaster 7 1 1 1 1\nsub A 192.0.2.1"})
	put(t, table, "sub.example.com.")
	if got := copyOf(t, table, "example.com."); !slices.Equal(got, []string{"sub.@ NS ns.sub.@"}) {
		t.Error(got)
	}
	put(t, table, "sub.example.com.", "1 "+dnstest.Digest)
	if got := copyOf(t, table, "example.com."); !slices.Equal(got, []string{"sub.@ DS 1 " + dnstest.Digest, "sub.@ NS ns.sub.@"}) {
		t.Error(got)
	}
	table.Remove("sub.example.com.")
	if got := copyOf(t, table, "example.com."); !slices.Equal(got, []string{"sub.@ A 192.0.2.1"}) {
		t.Error(got)
	}
}
