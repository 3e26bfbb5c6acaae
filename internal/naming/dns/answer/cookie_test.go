package answer

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnstest"
)

// TestCookieVectors has those of RFC 9018, appendix A.
func TestCookieVectors(t *testing.T) {
	for _, test := range []struct {
		secret, client, remote string
		time                   uint32
		want                   string
	}{
		{"e5e973e5a6b2a43f48e7dc849e37bfcf", "2464c4abcf10c957", "198.51.100.100", 1559731985, "010000005cf79f111f8130c3eee29480"},
		{"e5e973e5a6b2a43f48e7dc849e37bfcf", "2464c4abcf10c957", "198.51.100.100", 1559734385, "010000005cf7a871d4a564a1442aca77"},
		{"e5e973e5a6b2a43f48e7dc849e37bfcf", "fc93fc62807ddb86", "203.0.113.203", 1559734700, "010000005cf7a9acf73a7810aca2381e"},
		{"445536bcd2513298075a5d379663c962", "22681ab97d52c298", "2001:db8:220:1:59de:d0f4:8769:82b8", 1559741961, "010000005cf7c609a6bb79d16625507a"},
	} {
		c := cookies{(*secret)(bytesOf(t, test.secret)), test.time}
		got := c.make(bytesOf(t, test.client), netip.MustParseAddr(test.remote))
		if hex.EncodeToString(got[:]) != test.want {
			t.Errorf("%x, want %s", got, test.want)
		}
	}
	c := cookies{(*secret)(bytesOf(t, "e5e973e5a6b2a43f48e7dc849e37bfcf")), 1559727985}
	reserved := bytesOf(t, "fc93fc62807ddb86 01abcdef5cf78f71a314227b6679ebf5")
	if good, _ := c.check(reserved, netip.MustParseAddr("203.0.113.203")); !good {
		t.Error("bytes that are reserved are not hashed")
	}
}

// withCookie asks with a cookie and returns the answer and the cookie in it.
func withCookie(t *testing.T, w *Worker, cookie string, remote netip.Addr, now time.Time) (*dns.Msg, string) {
	t.Helper()
	m := new(dns.Msg).SetQuestion("ns1.example.com.", dns.TypeA).SetEdns0(1232, false)
	m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: cookie}}
	raw, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := w.Handle(raw, nil, remote, now)
	if answer == nil {
		return nil, ""
	}
	got := new(dns.Msg)
	if err := got.Unpack(answer); err != nil {
		t.Fatal(err)
	}
	options := got.IsEdns0().Option
	if len(options) != 1 {
		t.Fatalf("no cookie: %s", got)
	}
	return got, options[0].(*dns.EDNS0_COOKIE).Cookie
}

func TestCookies(t *testing.T) {
	const client = "0102030405060708"
	now := time.Unix(1_800_000_000, 0)
	w := served(t, Config{CookieSecret: [16]byte{1}}, map[string]string{"example.com.": dnstest.Small})
	other := served(t, Config{CookieSecret: [16]byte{2}}, map[string]string{"example.com.": dnstest.Small})
	_, cookie := withCookie(t, w, client, someone, now)
	if len(cookie) != 48 || !strings.HasPrefix(cookie, client) {
		t.Fatalf("cookie %s", cookie)
	}
	_, foreign := withCookie(t, other, client, someone, now)
	later := func(d time.Duration) time.Time { return now.Add(d) }
	for _, test := range []struct {
		name, cookie string
		remote       netip.Addr
		now          time.Time
		same, good   bool
	}{
		{"at once", cookie, someone, now, true, true},
		{"before half of its life", cookie, someone, later(1799 * time.Second), true, true},
		{"after half of its life", cookie, someone, later(1800 * time.Second), false, true},
		{"at the end of its life", cookie, someone, later(3600 * time.Second), false, true},
		{"after its life", cookie, someone, later(3601 * time.Second), false, false},
		{"a clock that is behind", cookie, someone, later(-300 * time.Second), true, true},
		{"a clock that is far behind", cookie, someone, later(-301 * time.Second), false, false},
		{"another client's address", cookie, netip.MustParseAddr("192.0.2.98"), now, false, false},
		{"the address, mapped to IPv6", cookie, netip.MustParseAddr("::ffff:192.0.2.99"), now, true, true},
		{"another client's cookie", "1102030405060708" + cookie[16:], someone, now, false, false},
		{"another hash", cookie[:46] + "00", someone, now, false, false},
		{"another version", cookie[:16] + "02" + cookie[18:], someone, now, false, false},
		{"another server's", foreign, someone, now, false, false},
		{"of another length", cookie + "00", someone, now, false, false},
		{"short", cookie[:32], someone, now, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer, next := withCookie(t, w, test.cookie, test.remote, test.now)
			if answer.Rcode != dns.RcodeSuccess || len(answer.Answer) != 1 {
				t.Errorf("not answered: %s", answer)
			}
			if (next == test.cookie) != test.same {
				t.Errorf("%s gives %s", test.cookie, next)
			}
			c := cookies{(*secret)(&w.responder.config.CookieSecret), uint32(test.now.Unix())}
			if good, _ := c.check(bytesOf(t, test.cookie), test.remote); good != test.good {
				t.Errorf("good: %t", good)
			}
			if good, fresh := c.check(bytesOf(t, next), test.remote); !good || !fresh {
				t.Errorf("what is given is not good: %s", next)
			}
		})
	}
}

func TestAskForCookie(t *testing.T) {
	w := served(t, Config{}, nil)
	raw := bytesOf(t, "beef 0000 0000 0000 0000 0001 00 0029 04d0 00000000 000c 000a 0008 0102030405060708")
	got := new(dns.Msg)
	if err := got.Unpack(w.answered(raw)); err != nil {
		t.Fatal(err)
	}
	if got.Rcode != dns.RcodeSuccess || len(got.Question) != 0 || len(got.IsEdns0().Option) != 1 {
		t.Errorf("%s", got)
	}
}
