package transfer

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/answer"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

var testKeys = []Key{
	{"k256.", "hmac-sha256", "c2VjcmV0"}, {"k384.", "hmac-sha384", "c2VjcmV0"}, {"k512.", "hmac-sha512", "c2VjcmV0"},
}

func rr(t testing.TB, text string) mdns.RR {
	t.Helper()
	r, err := mdns.NewRR(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func soa(t testing.TB, serial int) mdns.RR {
	return rr(t, fmt.Sprintf("example.com. 60 IN SOA ns. host. %d 60 60 60 60", serial))
}

// started starts a primary of example.com. at serial 1, with that number of TXT records,
// and returns its address.
func started(t testing.TB, config Config, texts int) (*Primary, string) {
	t.Helper()
	p, s := serve(t, config, texts)
	return p, s.Addresses()[0].String()
}

// serve is started, and returns the server.
func serve(t testing.TB, config Config, texts int) (*Primary, *dns.Server) {
	t.Helper()
	zones := zonedata.New()
	p, err := New(zones, config)
	if err != nil {
		t.Fatal(err)
	}
	s, err := dns.New(zones, dns.Config{Addresses: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, Answers: answer.Config{Transfer: p.Transfer, TSIG: p.TSIG()}})
	if err != nil {
		t.Fatal(err)
	}
	z := zone.Zone{Origin: "example.com.", Records: []mdns.RR{soa(t, 1), rr(t, "example.com. 60 IN NS ns.")}}
	for i := range texts {
		z.Records = append(z.Records, rr(t, fmt.Sprintf("t%d.example.com. 60 IN TXT %s", i, strings.Repeat("x", 100))))
	}
	if err := errors.Join(p.Put(z), s.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return p, s
}

// step adds an address and gives the zone a serial.
func step(t testing.TB, p *Primary, serial int) {
	t.Helper()
	err := p.Apply(zone.Change{Origin: "example.com.", Removed: []mdns.RR{soa(t, serial-1)},
		Added: []mdns.RR{soa(t, serial), rr(t, fmt.Sprintf("a%d.example.com. 60 IN A 192.0.2.1", serial))}})
	if err != nil {
		t.Fatal(err)
	}
}

func transferred(address string, m *mdns.Msg, provider mdns.TsigProvider) (rrs []mdns.RR, messages int, err error) {
	envelopes, err := (&mdns.Transfer{TsigProvider: provider, ReadTimeout: time.Minute}).In(m, address)
	if err != nil {
		return nil, 0, err
	}
	for e := range envelopes {
		messages++
		rrs = append(rrs, e.RR...)
		err = errors.Join(err, e.Error)
	}
	return rrs, messages, err
}

func TestAXFR(t *testing.T) {
	_, address := started(t, Config{Allow: loopback}, 5_000)
	rrs, messages, err := transferred(address, new(mdns.Msg).SetAxfr("example.com."), nil)
	if err != nil || len(rrs) != 5_003 || messages < 10 {
		t.Fatalf("%d records in %d messages: %v", len(rrs), messages, err)
	}
	if rrs[0].String() != rrs[len(rrs)-1].String() || soaFirst(rrs) == nil {
		t.Error("the SOA is not first and last")
	}
}

func TestIXFR(t *testing.T) {
	p, address := started(t, Config{Allow: loopback, JournalRecords: 9}, 20)
	for serial := 2; serial <= 5; serial++ { // 3 records each: 2 to 5 is kept
		step(t, p, serial)
	}
	for _, test := range []struct {
		name    string
		serial  uint32
		records int
	}{
		{"one change", 4, 5},
		{"all changes that are kept", 2, 11},
		{"the journal is too short", 1, 27},
		{"up to date", 5, 1},
		{"ahead", 9, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			rrs, _, err := transferred(address, new(mdns.Msg).SetIxfr("example.com.", test.serial, "ns.", "host."), nil)
			if test.serial > 5 { // the client of miekg/dns takes no such answer for the end
				err = nil
			}
			if err != nil || len(rrs) != test.records || soaFirst(rrs).Serial != 5 {
				t.Errorf("%v: %v", err, rrs)
			}
		})
	}
}

func TestWhoMayTransfer(t *testing.T) {
	_, address := started(t, Config{Keys: testKeys}, 1)
	_, open := started(t, Config{Allow: loopback}, 1)
	good, err := newKeys(testKeys)
	if err != nil {
		t.Fatal(err)
	}
	bad := keys{"k256.": {mdns.HmacSHA256, []byte("other")}}
	for _, test := range []struct {
		name, address, zone, key, algorithm string
		provider                            mdns.TsigProvider
		age                                 time.Duration
		rcode                               int
	}{
		{"sha256", address, "example.com.", "k256.", mdns.HmacSHA256, good, 0, 0},
		{"sha384", address, "example.com.", "k384.", mdns.HmacSHA384, good, 0, 0},
		{"sha512", address, "EXAMPLE.com.", "k512.", mdns.HmacSHA512, good, 0, 0},
		{"another secret", address, "example.com.", "k256.", mdns.HmacSHA256, bad, 0, mdns.RcodeNotAuth},
		{"too old", address, "example.com.", "k256.", mdns.HmacSHA256, good, time.Hour, mdns.RcodeNotAuth},
		{"no key", address, "example.com.", "", "", nil, 0, mdns.RcodeRefused},
		{"address", open, "example.com.", "", "", nil, 0, 0},
		{"unknown zone", open, "example.net.", "", "", nil, 0, mdns.RcodeNotAuth},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := new(mdns.Msg).SetAxfr(test.zone)
			if test.key != "" {
				m.SetTsig(test.key, test.algorithm, 300, time.Now().Add(-test.age).Unix())
			}
			rrs, _, err := transferred(test.address, m, test.provider)
			if test.rcode == 0 {
				if err != nil || len(rrs) != 4 {
					t.Errorf("%v %v", rrs, err)
				}
				return
			}
			if len(rrs) != 0 || err == nil {
				t.Errorf("it was given %v", rrs)
			}
			if test.key == "" && !strings.Contains(err.Error(), fmt.Sprint(test.rcode)) {
				t.Errorf("%v, not %d", err, test.rcode)
			}
		})
	}
}

func TestIXFRByUDP(t *testing.T) {
	p, address := started(t, Config{Allow: loopback}, 1)
	step(t, p, 2)
	without := new(mdns.Msg).SetIxfr("example.com.", 1, "ns.", "host.")
	without.Ns = nil
	for _, test := range []struct {
		name           string
		query          *mdns.Msg
		rcode, records int
	}{
		{"behind", new(mdns.Msg).SetIxfr("example.com.", 1, "ns.", "host."), mdns.RcodeSuccess, 1},
		{"up to date", new(mdns.Msg).SetIxfr("example.com.", 2, "ns.", "host."), mdns.RcodeSuccess, 1},
		{"without an SOA", without, mdns.RcodeFormatError, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := mdns.Exchange(test.query, address)
			if err != nil || got.Rcode != test.rcode || len(got.Answer) != test.records {
				t.Fatalf("%v %s", err, got)
			}
			if test.records == 1 && soaFirst(got.Answer).Serial != 2 {
				t.Errorf("%s", got)
			}
		})
	}
}
