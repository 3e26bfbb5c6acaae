package transfer

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"
)

// asked requests a transfer from an address of this machine, and returns the number of
// records and the rcode.
func asked(t *testing.T, from, network, to string, m *mdns.Msg, provider mdns.TsigProvider) (records, rcode int) {
	t.Helper()
	dialer := net.Dialer{Timeout: 10 * time.Second, LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	if network == "udp" {
		dialer.LocalAddr = &net.UDPAddr{IP: net.ParseIP(from)}
	}
	client := &mdns.Client{Net: network, Dialer: &dialer, TsigProvider: provider, Timeout: 10 * time.Second}
	got, _, err := client.Exchange(m, to)
	if got == nil || err != nil && !errors.Is(err, mdns.ErrAuth) && !errors.Is(err, mdns.ErrSig) {
		t.Fatalf("from %s by %s: %v", from, network, err)
	}
	return len(got.Answer), got.Rcode
}

// Addresses on the list may copy zones by every kind of request, others may not.
func TestAllowList(t *testing.T) {
	list := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("127.0.0.2/32"), netip.MustParsePrefix("127.0.1.0/24"), netip.MustParsePrefix("::1/128")}
	primary, address := started(t, Config{Allow: list, Keys: testKeys}, 1)
	step(t, primary, 2)
	_, closed := started(t, Config{}, 1)
	ixfr := func() *mdns.Msg { return new(mdns.Msg).SetIxfr("example.com.", 1, "ns.", "host.") }
	for _, test := range []struct {
		from, to string
		allowed  bool
	}{
		{"127.0.0.2", address, true},
		{"127.0.1.1", address, true},
		{"127.0.1.254", address, true},
		{"127.0.0.1", address, false},
		{"127.0.0.3", address, false},
		{"127.0.2.1", address, false},
		{"127.0.0.2", closed, false}, // no list is nobody
	} {
		for _, ask := range []struct {
			network string
			m       *mdns.Msg
		}{{"tcp", new(mdns.Msg).SetAxfr("example.com.")}, {"tcp", ixfr()}, {"udp", ixfr()}} {
			records, rcode := asked(t, test.from, ask.network, test.to, ask.m, nil)
			if test.allowed != (records > 0) || test.allowed != (rcode == mdns.RcodeSuccess) || !test.allowed && rcode != mdns.RcodeRefused {
				t.Errorf("%s by %s from %s: %d records, %s", mdns.Type(ask.m.Question[0].Qtype), ask.network, test.from, records, mdns.RcodeToString[rcode])
			}
		}
		// Who may copy is no reason to be told: nobody is our primary.
		if _, rcode := asked(t, test.from, "udp", test.to, new(mdns.Msg).SetNotify("example.com."), nil); rcode != mdns.RcodeRefused {
			t.Errorf("NOTIFY from %s: %s", test.from, mdns.RcodeToString[rcode])
		}
	}
}

// A request whose signature is invalid is rejected, even from an address on the list.
func TestWrongKeys(t *testing.T) {
	_, open := started(t, Config{Allow: loopback, Keys: testKeys}, 1)
	_, closed := started(t, Config{Keys: testKeys}, 1)
	good, err := newKeys(testKeys)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, key, algorithm string
		provider             mdns.TsigProvider
		rcode                int
	}{
		{"the right key", "k256.", mdns.HmacSHA256, good, mdns.RcodeSuccess},
		{"another secret", "k256.", mdns.HmacSHA256, keys{"k256.": {mdns.HmacSHA256, []byte("other")}}, mdns.RcodeNotAuth},
		{"another name", "k257.", mdns.HmacSHA256, keys{"k257.": {mdns.HmacSHA256, []byte("secret")}}, mdns.RcodeNotAuth},
		{"another key's algorithm", "k256.", mdns.HmacSHA512, keys{"k256.": {mdns.HmacSHA512, []byte("secret")}}, mdns.RcodeNotAuth},
	} {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
			for _, to := range []string{open, closed} {
				for _, network := range []string{"tcp", "udp"} {
					m := new(mdns.Msg).SetIxfr("example.com.", 1, "ns.", "host.")
					m.SetTsig(test.key, test.algorithm, 300, time.Now().Unix())
					records, rcode := asked(t, "127.0.0.1", network, to, m, test.provider)
					if rcode != test.rcode || (records > 0) != (rcode == mdns.RcodeSuccess) {
						t.Errorf("by %s: %d records, %s", network, records, mdns.RcodeToString[rcode])
					}
				}
			}
		})
	}
}
