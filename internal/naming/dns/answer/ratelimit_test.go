package answer

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnstest"
)

// flood has the same asked so often by a client, and counts the answers that
// are whole and those that are truncated.
func flood(t *testing.T, w *Worker, name string, remote netip.Addr, now time.Time, n int) (whole, truncated int) {
	t.Helper()
	for i := range n {
		asked := name
		if name == "" {
			asked = fmt.Sprintf("no%d.example.com.", i)
		}
		raw, err := new(dns.Msg).SetQuestion(asked, dns.TypeA).Pack()
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := w.Handle(raw, nil, remote, now)
		switch {
		case answer == nil:
		case answer[2]&2 != 0:
			truncated++
			if len(answer) != len(raw) {
				t.Fatalf("a truncated answer of %d bytes to %d", len(answer), len(raw))
			}
		default:
			whole++
		}
	}
	return whole, truncated
}

func TestRateLimit(t *testing.T) {
	config := Config{RateLimit: RateLimit{PerSecond: 100, Slip: 4}}
	start := time.Now()
	address := netip.MustParseAddr
	for _, test := range []struct {
		name             string
		first, then      string // asked for
		from, and        string
		after            time.Duration
		whole, truncated int // of the 300 questions that come then
	}{
		{"the same again", "ns1.example.com.", "ns1.example.com.", "192.0.2.1", "192.0.2.1", 0, 0, 75},
		{"from the same network", "ns1.example.com.", "ns1.example.com.", "192.0.2.1", "192.0.2.255", 0, 0, 75},
		{"from another network", "ns1.example.com.", "ns1.example.com.", "192.0.2.1", "192.0.3.1", 0, 101, 49},
		{"from the same IPv6 network", "ns1.example.com.", "ns1.example.com.", "2001:db8::1", "2001:db8:0:ff::1", 0, 0, 75},
		{"from another IPv6 network", "ns1.example.com.", "ns1.example.com.", "2001:db8::1", "2001:db8:0:100::1", 0, 101, 49},
		{"something else", "ns1.example.com.", "example.com.", "192.0.2.1", "192.0.2.1", 0, 101, 49},
		{"half a second later", "ns1.example.com.", "ns1.example.com.", "192.0.2.1", "192.0.2.1", 505 * time.Millisecond, 50, 62},
		{"a minute later", "ns1.example.com.", "ns1.example.com.", "192.0.2.1", "192.0.2.1", time.Minute, 101, 49},
		{"whatever does not exist", "none.example.com.", "", "192.0.2.1", "192.0.2.1", 0, 0, 75},
		{"one wildcard by many names", "a.wild.example.com.", "b.wild.example.com.", "192.0.2.1", "192.0.2.1", 0, 0, 75},
		{"what is refused", "a.example.net.", "b.example.org.", "192.0.2.1", "192.0.2.1", 0, 0, 75},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := served(t, config, map[string]string{"example.com.": dnstest.Small + "*.wild A 192.0.2.2\n"})
			if whole, truncated := flood(t, w, test.first, address(test.from), start, 200); whole != 101 || truncated != 24 {
				t.Fatalf("%d whole, %d truncated", whole, truncated)
			}
			w.slips = 0
			whole, truncated := flood(t, w, test.then, address(test.and), start.Add(test.after), 300)
			if whole != test.whole || truncated != test.truncated {
				t.Errorf("%d whole, %d truncated; want %d, %d", whole, truncated, test.whole, test.truncated)
			}
		})
	}
}

func TestRateLimitExempts(t *testing.T) {
	const n = 1000
	zones := map[string]string{"example.com.": dnstest.Small}
	now := time.Now()
	t.Run("loopback", func(t *testing.T) {
		w := served(t, Config{}, zones)
		for _, remote := range []string{"127.0.0.1", "127.200.0.1", "::1"} {
			if whole, _ := flood(t, w, "ns1.example.com.", netip.MustParseAddr(remote), now, n); whole != n {
				t.Errorf("%s: %d", remote, whole)
			}
		}
	})
	t.Run("nobody", func(t *testing.T) {
		w := served(t, Config{RateLimit: RateLimit{Exempt: []netip.Prefix{}}}, zones)
		if whole, truncated := flood(t, w, "ns1.example.com.", netip.MustParseAddr("127.0.0.1"), now, n); whole != 201 || truncated != 399 {
			t.Errorf("%d, %d", whole, truncated)
		}
	})
	t.Run("all", func(t *testing.T) {
		w := served(t, Config{RateLimit: RateLimit{PerSecond: -1}}, zones)
		if whole, _ := flood(t, w, "ns1.example.com.", someone, now, n); whole != n {
			t.Errorf("%d", whole)
		}
	})
	t.Run("TCP", func(t *testing.T) {
		w := served(t, Config{}, zones)
		w.transport = TCP
		if whole, _ := flood(t, w, "ns1.example.com.", someone, now, n); whole != n {
			t.Errorf("%d", whole)
		}
	})
	t.Run("no slip", func(t *testing.T) {
		w := served(t, Config{RateLimit: RateLimit{Slip: -1}}, zones)
		if whole, truncated := flood(t, w, "ns1.example.com.", someone, now, n); whole != 201 || truncated != 0 {
			t.Errorf("%d, %d", whole, truncated)
		}
	})
	t.Run("who has a cookie", func(t *testing.T) {
		w := served(t, Config{}, zones)
		flood(t, w, "ns1.example.com.", someone, now, n)
		got, cookie := withCookie(t, w, "0102030405060708", someone, now)
		if got.Rcode != dns.RcodeBadCookie || len(got.Answer) != 0 {
			t.Errorf("over the bound, without our cookie: %s", got)
		}
		for range n {
			if got, _ := withCookie(t, w, cookie, someone, now); got.Rcode != dns.RcodeSuccess || len(got.Answer) != 1 {
				t.Fatalf("with our cookie: %s", got)
			}
		}
	})
}

// TestNoProofForAnswersThatAreNotSent: answers over the rate limit cost no
// signature: names can be invented without end.
func TestNoProofForAnswersThatAreNotSent(t *testing.T) {
	var signed []string
	z := dnstest.Zone(t, "example.com.", dnstest.Signed)
	z.Signer = dnstest.Signer{Calls: &signed}
	w := served(t, Config{RateLimit: RateLimit{PerSecond: 100}}, nil)
	if err := w.responder.table.Put(z); err != nil {
		t.Fatal(err)
	}
	now, sent := time.Now(), 0
	for i := range 300 {
		raw, err := new(dns.Msg).SetQuestion(fmt.Sprintf("no%d.example.com.", i), dns.TypeA).SetEdns0(1232, true).Pack()
		if err != nil {
			t.Fatal(err)
		}
		if answer, _ := w.Handle(raw, nil, someone, now); answer != nil && answer[2]&2 == 0 {
			sent++
		}
	}
	if proofs := len(signed) - 1; sent != 101 || proofs != sent { // and the SOA once
		t.Errorf("%d answers, %d proofs", sent, proofs)
	}
}
