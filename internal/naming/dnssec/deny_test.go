package dnssec

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
	"pgregory.net/rapid"

	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

func TestDeny(t *testing.T) {
	s := NewSigner(origin, Sign(newTestKey(t), time.Now()), Config{})
	soa := &dns.SOA{Hdr: header(origin, dns.TypeSOA, 60)}
	long := strings.Repeat("x", 62)
	last, beforeLast := longLabel(`\255`), strings.Repeat(`\255`, 62)+`\254`
	deepest := "." + deep + "." + origin
	exist := map[string][]uint16{
		origin: {dns.TypeNS, dns.TypeSOA}, "www.example.com.": {dns.TypeA}, lastLabel("w", "w") + deepest: {dns.TypeTXT},
	}
	star := `\)\255\255\255.example.com. *\000.example.com. RRSIG NSEC`
	for _, test := range []struct {
		name   string
		denial zone.Denial
		want   []string // owner, next, types
	}{
		{"no name", zone.Denial{Kind: zone.NoName, Name: "abc.example.com.", Closest: origin}, []string{`abb\255\255\255.example.com. abc\000.example.com. RRSIG NSEC`, star}},
		{"no name below none", zone.Denial{Kind: zone.NoName, Name: "x.y.abc.example.com.", Closest: origin}, []string{`abb\255\255\255.example.com. abc\000.example.com. RRSIG NSEC`, star}},
		{"no wildcard", zone.Denial{Kind: zone.NoName, Name: "*.example.com.", Closest: origin}, []string{star}},
		{"a zero at the end", zone.Denial{Kind: zone.Expanded, Name: `www\000.example.com.`, Closest: origin}, []string{`\255\255\255.www.example.com. www\000\000.example.com. RRSIG NSEC`}},
		{"only a zero", zone.Denial{Kind: zone.Expanded, Name: `\000.example.com.`, Closest: origin}, []string{`example.com. \000\000.example.com. NS SOA RRSIG NSEC`}},
		{"only a zero below a name", zone.Denial{Kind: zone.Expanded, Name: `\000.www.example.com.`, Closest: "www.example.com."}, []string{`www.example.com. \000\000.www.example.com. A RRSIG NSEC`}},
		{"the last label", zone.Denial{Kind: zone.Expanded, Name: last + ".www.example.com.", Closest: "www.example.com."}, []string{`\255\255\255.` + beforeLast + `.www.example.com. www\000.example.com. RRSIG NSEC`}},
		{"the last label of the zone", zone.Denial{Kind: zone.Expanded, Name: "x." + last + ".example.com.", Closest: origin}, []string{`\255\255\255.` + beforeLast + `.example.com. example.com. RRSIG NSEC`}},
		{"the longest name", zone.Denial{Kind: zone.Expanded, Name: lastLabel("w", "x") + deepest, Closest: deepest[1:]}, []string{lastLabel("w", "w") + deepest + " " + lastLabel("w", "y") + deepest + " TXT RRSIG NSEC"}},
		{"the longest name, nothing before", zone.Denial{Kind: zone.Expanded, Name: lastLabel("w", "b") + deepest, Closest: deepest[1:]}, []string{lastLabel("w", "a") + deepest + " " + lastLabel("w", "c") + deepest + " RRSIG NSEC"}},
		{"above capitals", zone.Denial{Kind: zone.Expanded, Name: `[.example.com.`, Closest: origin}, []string{`\@\255\255\255.example.com. [\000.example.com. RRSIG NSEC`}},
		{"a whole label", zone.Denial{Kind: zone.Expanded, Name: long + "b.example.com.", Closest: origin}, []string{`\255\255\255.` + long + "a.example.com. " + long + "c.example.com. RRSIG NSEC"}},
		{"no type", zone.Denial{Kind: zone.NoType, Name: "www.example.com.", Closest: "www.example.com.", Types: []uint16{1, 16}}, []string{`www.example.com. \000.www.example.com. A TXT RRSIG NSEC`}},
		{"no type of many", zone.Denial{Kind: zone.NoType, Name: "www.example.com.", Closest: "www.example.com.", Types: []uint16{1, 257}}, []string{`www.example.com. \000.www.example.com. A RRSIG NSEC CAA`}},
		{"empty non-terminal", zone.Denial{Kind: zone.NoType, Name: "ent.example.com.", Closest: "ent.example.com."}, []string{`ent.example.com. \000.ent.example.com. RRSIG NSEC`}},
		{"apex", zone.Denial{Kind: zone.NoType, Name: origin, Closest: origin, Types: []uint16{2, 6, 48}}, []string{`example.com. \000.example.com. NS SOA RRSIG NSEC DNSKEY`}},
		{"glue at a delegation", zone.Denial{Kind: zone.Unsigned, Name: "sub.example.com.", Closest: "sub.example.com.", Types: []uint16{1, 2}}, []string{`sub.example.com. \000.sub.example.com. NS RRSIG NSEC`}},
		{"wildcard without the type", zone.Denial{Kind: zone.NoWildcardType, Name: "c.w.example.com.", Closest: "w.example.com.", Types: []uint16{1}}, []string{`b\255\255\255.w.example.com. c\000.w.example.com. RRSIG NSEC`, `*.w.example.com. \000.*.w.example.com. A RRSIG NSEC`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.denial.SOA = soa
			test.denial.TypesAt = func(name string) []uint16 { return exist[name] }
			var got []string
			for _, rr := range s.Deny(test.denial) {
				_, text, _ := strings.Cut(rr.String(), "NSEC\t")
				if rr.Header().Ttl != 60 {
					t.Errorf("TTL %d", rr.Header().Ttl)
				}
				got = append(got, rr.Header().Name+" "+text)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// failer is the methods that testing.T and rapid.T have in common.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// wireOf returns the labels of a name in lower case, from the right.
func wireOf(t failer, name string) [][]byte {
	buf := make([]byte, 256)
	n, err := dns.PackDomainName(name, buf, 0, nil, false)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var labels [][]byte
	for at := 0; at < n-1; at += 1 + int(buf[at]) {
		labels = append(labels, buf[at+1:at+1+int(buf[at])])
	}
	slices.Reverse(labels)
	return labels
}

// compareNames compares names in the order of RFC 4034, section 6.1.
func compareNames(t failer, a, b string) int {
	return slices.CompareFunc(wireOf(t, a), wireOf(t, b), bytes.Compare)
}

// An NSEC record covers a name of any bytes and length and the names below it. It covers
// no name beside it, unless the name is the last one.
func TestCover(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		byteOf := rapid.OneOf(rapid.SampledFrom([]byte{0, 1, '@', '[', 'a', 'z', 254, 255}), rapid.Byte().Filter(func(b byte) bool { return b < 'A' || b > 'Z' }))
		label := rapid.SliceOfN(byteOf, rapid.SampledFrom([]int{1, 2, 59, 63}).Draw(t, "length"), 63).Draw(t, "label")
		rest := join(rapid.SliceOfN(rapid.Just(byte('r')), 1, 63).Draw(t, "rest"), []byte("\x07example\x03com\x00"))
		if rapid.Bool().Draw(t, "deep") {
			rest, label = deep+"."+origin, label[:min(len(label), 44)]
		}
		_, above, _ := split("x." + rest)
		name := join(label, above)
		first, last := before(name), after(name, origin)
		if compareNames(t, rest, first) > 0 || compareNames(t, first, name) >= 0 {
			t.Errorf("%s is not between %s and %s", first, rest, name)
		}
		deepest := name
		for _, longer := range []string{`\255.`, `\255\255.`, longLabel(`\255`) + "."} {
			if _, err := dns.PackDomainName(longer+name, make([]byte, maxName), 0, nil, false); err == nil {
				deepest = longer + name
			}
		}
		if last != origin && compareNames(t, deepest, last) >= 0 {
			t.Errorf("%s is not after %s", last, deepest)
		}
		if only := len(bytes.TrimRight(label, "\xff")) == 0; !only && !strings.HasSuffix(last, "."+rest) {
			t.Errorf("%s is after more than %s", last, name)
		}
	})
}
