package transfer

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/answer"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// small returns a zone that the server accepts.
func small(t *testing.T, origin string, serial string) zone.Zone {
	t.Helper()
	return zone.Zone{Origin: origin, Records: []mdns.RR{rr(t, origin+" 60 IN SOA ns. host. "+serial+" 60 60 60 60"), rr(t, origin+" 60 IN NS ns.")}}
}

func TestCatalogIsCopied(t *testing.T) {
	told := make(chan *answer.Request, 100)
	peer, err := dns.New(zonedata.New(), dns.Config{Addresses: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, Answers: answer.Config{Notify: func(_ context.Context, r *answer.Request) int {
		told <- r
		return mdns.RcodeSuccess
	}}})
	if err := errors.Join(err, peer.Start()); err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	p, address := started(t, Config{Allow: loopback, Catalog: "catalog.invalid.", Secondaries: []Secondary{{Address: peer.Addresses()[0]}}}, 1)
	if err := p.Catalog(100); err != nil {
		t.Fatal(err)
	}
	p.Start()
	defer p.Close()
	other := small(t, "example.net.", "1")
	if err := errors.Join(p.Put(other), p.Put(other), p.Catalog(101)); err != nil {
		t.Fatal(err)
	}
	rrs, _, err := transferred(address, new(mdns.Msg).SetIxfr("catalog.invalid.", 100, "invalid.", "invalid."), nil)
	if err != nil || len(rrs) != 5 || rrs[3].(*mdns.PTR).Ptr != "example.net." || soaFirst(rrs).Serial != 101 {
		t.Errorf("%v %v", rrs, err)
	}
	if !p.Remove("example.net.") || p.Remove("catalog.invalid.") {
		t.Error("Remove")
	}
	if err := p.Catalog(102); err != nil {
		t.Error(err)
	}
	rrs, _, err = transferred(address, new(mdns.Msg).SetAxfr("catalog.invalid."), nil)
	if err != nil || len(rrs) != 5 || soaFirst(rrs).Serial != 102 {
		t.Errorf("%v %v", rrs, err)
	}
	for r := range told { // until the catalog's last change is told
		if soa := soaFirst(r.Msg.Answer); soa.Hdr.Name == "catalog.invalid." && soa.Serial == 102 {
			break
		}
	}
}

// The catalog lists all zones, whichever zones are below its name: secondaries remove
// zones that it does not list.
func TestCatalogListsZonesBelowItsName(t *testing.T) {
	p, address := started(t, Config{Allow: loopback, Catalog: "catalog.invalid."}, 0)
	if err := errors.Join(p.Catalog(1), p.Put(small(t, "zones.catalog.invalid.", "1")), p.Catalog(2)); err != nil {
		t.Fatal(err)
	}
	rrs, _, err := transferred(address, new(mdns.Msg).SetAxfr("catalog.invalid."), nil)
	if err != nil || len(rrs) != 6 { // SOA, NS, version, two members, SOA
		t.Errorf("whole: %v %v", rrs, err)
	}
	rrs, _, err = transferred(address, new(mdns.Msg).SetIxfr("catalog.invalid.", 1, "invalid.", "invalid."), nil)
	if err != nil || len(rrs) != 5 {
		t.Errorf("the change: %v %v", rrs, err)
	}
}

// The longest name of a catalog leaves room for the names of its members.
func TestTheLongestNameOfACatalog(t *testing.T) {
	label := strings.Repeat("x", 63) + "."
	longest := label + label + label + strings.Repeat("x", 22) + "." // 215 characters, with the dot
	p, _ := started(t, Config{Catalog: longest}, 1)
	if err := errors.Join(p.Put(small(t, "a.", "1")), p.Catalog(7)); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"x" + longest, "not a name\\" + longest} {
		if _, err := New(zonedata.New(), Config{Catalog: name}); err == nil || !strings.Contains(err.Error(), "can't be the catalog's name") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCatalogVersions(t *testing.T) {
	p, _ := started(t, Config{Catalog: "Catalog.Invalid."}, 1)
	refused := zone.Zone{Origin: "refused.", Records: []mdns.RR{rr(t, "refused. 60 IN NS ns.")}}
	for _, test := range []struct {
		name   string
		do     func() error
		serial uint32
		want   uint32
		lists  string
	}{
		{"the first", nil, 7, 7, "example.com."},
		{"nothing new", nil, 7, 7, "example.com."},
		{"a serial only", nil, 9, 9, "example.com."},
		{"a zone", func() error { return p.Put(small(t, "b.", "1")) }, 10, 10, "b. example.com."},
		{"a zone in place of another", func() error { return errors.Join(p.Put(small(t, "A.", "1")), removed(p, "b.")) }, 20, 20, "a. example.com."},
		{"a zone that comes and goes", func() error { return errors.Join(p.Put(small(t, "c.", "1")), removed(p, "c.")) }, 21, 21, "a. example.com."},
		{"a zone that goes and comes", func() error { return errors.Join(removed(p, "a."), p.Put(small(t, "a.", "2"))) }, 22, 22, "a. example.com."},
		{"an earlier serial", nil, 5, 22, "a. example.com."},
		{"an earlier serial of other zones", func() error { return removed(p, "a.") }, 5, 23, "example.com."},
		{"a zone that is refused", func() error { _ = p.Put(refused); return nil }, 30, 30, "example.com. refused."},
		{"over the end", nil, 1<<31 + 29, 1<<31 + 29, "example.com. refused."},
		{"and to the beginning", nil, 1, 1, "example.com. refused."},
	} {
		if test.do != nil {
			if err := test.do(); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Catalog(test.serial); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		view, _ := p.zones.Zone("catalog.invalid.")
		var lists []string
		for rr := range view.Records() {
			if ptr, ok := rr.(*mdns.PTR); ok {
				lists = append(lists, ptr.Ptr)
			}
		}
		slices.Sort(lists)
		if got := strings.Join(lists, " "); got != test.lists || view.Serial() != test.want {
			t.Errorf("%s: serial %d lists %s", test.name, view.Serial(), got)
		}
	}
	if err := p.Put(small(t, "catalog.invalid.", "1")); err == nil {
		t.Error("a zone has the catalog's name")
	}
}

func removed(p *Primary, origin string) error {
	if !p.Remove(origin) {
		return errors.New("it is not there: " + origin)
	}
	return nil
}
