package domain_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
)

// alone is a name server without secondaries.
type alone struct{ *zonedata.Table }

func (alone) Catalog(uint32) error { return nil }

// serveForReal publishes the domains of a world by the real name server.
func (w *world) serveForReal() *dns.Server {
	w.T.Helper()
	zones := zonedata.New()
	s, err := dns.New(zones, dns.Config{Addresses: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}})
	if err != nil {
		w.T.Fatal(err)
	}
	w.Feed.Publisher = alone{zones}
	if err := w.Feed.Start(w.T.Context()); err != nil {
		w.T.Fatal(err)
	}
	if err := s.Start(); err != nil {
		w.T.Fatal(err)
	}
	w.T.Cleanup(func() { s.Close() })
	return s
}

// chain validates the address of www.example.com from the parent's DS record on.
func (w *world) chain(s *dns.Server, ds string) error {
	parent, err := mdns.NewRR(ds)
	if err != nil {
		return err
	}
	keys, keySignatures, err := answers(s, "example.com.", mdns.TypeDNSKEY)
	if err != nil {
		return err
	}
	trusted := false
	for _, rr := range keys {
		key := rr.(*mdns.DNSKEY)
		if strings.EqualFold(key.ToDS(mdns.SHA256).Digest, parent.(*mdns.DS).Digest) {
			trusted = w.verify(keySignatures, keys, key)
		}
	}
	if !trusted {
		return fmt.Errorf("%s leads to none of %v", ds, keys)
	}
	addresses, signatures, err := answers(s, "www.example.com.", mdns.TypeA)
	if err != nil {
		return err
	}
	for _, rr := range keys {
		if w.verify(signatures, addresses, rr.(*mdns.DNSKEY)) {
			return nil
		}
	}
	return fmt.Errorf("%v are by none of %v", signatures, keys)
}

func (w *world) verify(signatures []*mdns.RRSIG, set []mdns.RR, key *mdns.DNSKEY) bool {
	for _, s := range signatures {
		if s.KeyTag == key.KeyTag() && s.ValidityPeriod(w.Clock.Now()) && s.Verify(key, set) == nil {
			return true
		}
	}
	return false
}

func answers(s *dns.Server, name string, rrtype uint16) (set []mdns.RR, signatures []*mdns.RRSIG, err error) {
	m, err := mdns.Exchange(new(mdns.Msg).SetQuestion(name, rrtype).SetEdns0(4096, true), s.Addresses()[0].String())
	if err != nil {
		return nil, nil, err
	}
	for _, rr := range m.Answer {
		if signature, ok := rr.(*mdns.RRSIG); ok {
			signatures = append(signatures, signature)
		} else {
			set = append(set, rr)
		}
	}
	if len(set) == 0 {
		return nil, nil, errors.New("no answer: " + m.String())
	}
	return set, signatures, nil
}

// At every stage the DS record that the API shows validates the domain's records. So
// does the one that the parent had before, until the parent has the new one.
func TestTheDSRecordValidatesTheDomain(t *testing.T) {
	w := newWorld(t)
	s := w.serveForReal()
	w.Create("example.com")
	w.Add("example.com", domaintest.Params(t, `{"type":"A","name":"www","data":"192.0.2.1"}`))
	w.step("example.com", domain.StepSign)
	w.advanced(0)
	w.advanced(time.Hour)
	shown := func() string { return w.signing("example.com").DS[0].Record }
	parent := shown()
	check := func() {
		t.Helper()
		if err := w.chain(s, parent); err != nil {
			t.Errorf("at the stage %s: %v", w.signing("example.com").Stage, err)
		}
	}
	for range 3 {
		check()
		w.step("example.com", domain.StepRollover)
		check()
		w.advanced(0)
		w.advanced(time.Hour)
		check()
		if shown() == parent {
			t.Fatal("the key that signs is not the one for the parent")
		}
		old := parent
		parent = shown()
		check()
		w.step("example.com", domain.StepConfirmDS)
		check()
		w.advanced(0)
		w.advanced(24 * time.Hour)
		if check(); w.chain(s, old) == nil {
			t.Error("the old DS record still leads to the domain: the rollover replaces nothing")
		}
	}
	w.step("example.com", domain.StepUnsign)
	check()
	w.step("example.com", domain.StepConfirmDS)
	check() // resolvers may have it yet
	w.advanced(0)
	w.advanced(24 * time.Hour)
	if set, signatures, err := answers(s, "www.example.com.", mdns.TypeA); err != nil || len(set) != 1 || len(signatures) != 0 {
		t.Errorf("unsigned: %v %v %v", set, signatures, err)
	}
}

// A domain answers with the DS records of the domains below it that are served here.
func TestTheDomainAboveHasTheDSRecord(t *testing.T) {
	w := newWorld(t)
	s := w.serveForReal()
	w.Create("example.com")
	w.Create("sub.example.com")
	w.step("sub.example.com", domain.StepSign)
	w.advanced(0)
	if set, _, err := answers(s, "sub.example.com.", mdns.TypeDS); err == nil {
		t.Errorf("before its time: %v", set)
	}
	w.advanced(time.Hour)
	w.step("example.com", domain.StepSign)
	set, signatures, err := answers(s, "sub.example.com.", mdns.TypeDS)
	if err != nil {
		t.Fatal(err)
	}
	if shown := w.signing("sub.example.com").DS[0]; !strings.EqualFold(set[0].(*mdns.DS).Digest, shown.Digest) || signatures[0].SignerName != "example.com." {
		t.Errorf("answered %v by %v, shown %v", set, signatures, shown)
	}
}
