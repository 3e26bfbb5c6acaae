package answer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnstest"
)

// TestTruncation holds, for answers of every length, that what fits is sent
// whole and what does not is sent as nothing but the question and TC.
func TestTruncation(t *testing.T) {
	var text strings.Builder
	text.WriteString("@ SOA ns hostmaster 1 1 1 1 1\n")
	const least, most = 400, 1260
	for n := least; n < most; n++ {
		fmt.Fprintf(&text, "t%d TXT", n)
		for left := n; left > 0; left -= 200 {
			fmt.Fprintf(&text, " %q", strings.Repeat("x", min(left, 200)))
		}
		text.WriteString("\n")
	}
	w := served(t, Config{}, map[string]string{"example.com.": text.String()})
	for _, test := range []struct {
		size  uint16 // that the client takes; 0 without EDNS
		limit int
	}{{0, 512}, {1, 512}, {511, 512}, {512, 512}, {513, 513}, {600, 600}, {1231, 1231}, {1232, 1232}, {1233, 1232}, {65535, 1232}} {
		for _, cookie := range []bool{false, true} {
			if cookie && test.size == 0 {
				continue
			}
			edges := 0
			for n := least; n < most; n++ {
				m := new(dns.Msg).SetQuestion(fmt.Sprintf("t%d.example.com.", n), dns.TypeTXT)
				if test.size > 0 {
					m.SetEdns0(test.size, false)
				}
				if cookie {
					m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: "0102030405060708"}}
				}
				raw, err := m.Pack()
				if err != nil {
					t.Fatal(err)
				}
				w.transport = TCP
				whole := len(w.answered(raw))
				w.transport = UDP
				answer := w.answered(raw)
				got := new(dns.Msg)
				if err := got.Unpack(answer); err != nil {
					t.Fatal(err)
				}
				switch {
				case whole <= test.limit && (got.Truncated || len(got.Answer) != 1 || len(answer) != whole):
					t.Errorf("size %d: an answer of %d bytes does not come whole: %s", test.size, whole, got)
				case whole > test.limit && (!got.Truncated || len(got.Answer) != 0 || len(answer) > test.limit):
					t.Errorf("size %d: an answer of %d bytes is not cut: %s", test.size, whole, got)
				case (got.IsEdns0() != nil) != (test.size > 0):
					t.Errorf("size %d: OPT is not as it was asked: %s", test.size, got)
				}
				if whole == test.limit || whole == test.limit+1 {
					edges++
				}
			}
			if edges < 2 && test.limit < 1232 {
				t.Errorf("size %d: no answer was just as long", test.size)
			}
		}
	}
}

// TestTruncatedAddresses holds that glue has to fit and other addresses do not.
func TestTruncatedAddresses(t *testing.T) {
	var text strings.Builder
	text.WriteString("@ SOA ns hostmaster 1 1 1 1 1\n")
	for i := range 30 {
		fmt.Fprintf(&text, "mx MX %d host%d\n", i, i)
		fmt.Fprintf(&text, "host%d A 192.0.2.1\n", i)
		fmt.Fprintf(&text, "in NS ns%d.in\nns%d.in A 192.0.2.2\n", i, i)
		fmt.Fprintf(&text, "sib NS host%d\n", i)
	}
	text.WriteString("one NS ns.one\none NS host0\nns.one A 192.0.2.2\n")
	for i := range 250 {
		fmt.Fprintf(&text, "host0 A 198.51.100.%d\n", i)
	}
	w := served(t, Config{}, map[string]string{"example.com.": text.String()})
	for _, test := range []struct {
		name      string
		size      uint16
		truncated bool
	}{
		{"mx.example.com.", 1000, false},
		{"in.example.com.", 1000, true},
		{"sib.example.com.", 1000, false},
		{"in.example.com.", 1232, false},
		{"one.example.com.", 512, false},
	} {
		m := new(dns.Msg).SetQuestion(test.name, dns.TypeMX).SetEdns0(test.size, false)
		got := w.exchange(t, m)
		if got.Truncated != test.truncated {
			t.Errorf("%s in %d bytes: %s", test.name, test.size, got)
		}
		if !test.truncated && len(got.Extra) < 2 {
			t.Errorf("%s in %d bytes has no address: %s", test.name, test.size, got)
		}
	}
}

// TestFarPointers holds that names behind what a pointer can reach are spelled.
func TestFarPointers(t *testing.T) {
	var text strings.Builder
	text.WriteString("@ SOA ns hostmaster 1 1 1 1 1\n")
	for i := range 1500 {
		fmt.Fprintf(&text, "@ MX 1 host%d\nhost%d A 192.0.2.1\nhost%d AAAA 2001:db8::1\n", i, i, i)
	}
	w := served(t, Config{}, map[string]string{"example.com.": text.String()})
	w.transport = TCP
	got := w.exchange(t, new(dns.Msg).SetQuestion("example.com.", dns.TypeMX))
	if len(got.Answer) != 1500 || len(got.Extra) < 1000 {
		t.Fatalf("%d answers, %d addresses", len(got.Answer), len(got.Extra))
	}
	seen := map[string]bool{}
	for _, rr := range got.Extra {
		if !strings.HasPrefix(rr.Header().Name, "host") || !strings.HasSuffix(rr.Header().Name, ".example.com.") {
			t.Fatalf("%s is no host's", rr)
		}
		seen[rr.String()] = true
	}
	if len(seen) != len(got.Extra) {
		t.Errorf("%d of %d addresses stand twice", len(got.Extra)-len(seen), len(got.Extra))
	}
}

// TestHostsOnce holds that a host's addresses are there once however many there
// are, and however often it is named.
func TestHostsOnce(t *testing.T) {
	w := served(t, Config{}, nil)
	w.transport = TCP
	for _, hosts := range []int{1, fewHosts - 1, fewHosts, fewHosts + 1, 3 * fewHosts, 2} {
		var text strings.Builder
		text.WriteString("@ SOA ns hostmaster 1 1 1 1 1\n")
		for i := range 2 * hosts {
			fmt.Fprintf(&text, "@ MX %d host%d\nhost%d A 192.0.2.1\n", i, i%hosts, i%hosts)
		}
		if err := w.responder.table.Put(dnstest.Zone(t, "example.com.", text.String())); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the worker is used again
			got := w.exchange(t, new(dns.Msg).SetQuestion("example.com.", dns.TypeMX))
			seen := map[string]bool{}
			for _, rr := range got.Extra {
				seen[rr.Header().Name] = true
			}
			if len(got.Extra) != hosts || len(seen) != hosts {
				t.Errorf("of %d hosts there are %d addresses, of %d", hosts, len(got.Extra), len(seen))
			}
		}
	}
}
