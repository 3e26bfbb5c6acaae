package domain_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonefile"
	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// point assigns an address to a droplet with a name; without a name it releases
// the address.
func (w *world) point(account, dropletID int64, address, name string) {
	w.T.Helper()
	w.Write(func(tx *store.Tx) error {
		a := netip.MustParseAddr(address)
		if name == "" {
			return w.AddressReleased(context.Background(), tx, a)
		}
		return w.AddressNamed(context.Background(), tx, droplet.NamedAddress{Address: a, AccountID: account, DropletID: dropletID, Name: name})
	})
}

// pointers returns the PTR records that are served, of all reverse zones.
func (w *world) pointers() string {
	all := []string{}
	for _, name := range []string{"127.in-addr.arpa", "18.127.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa"} {
		for _, line := range w.Server.Lines(name) {
			if strings.Contains(line, " PTR ") {
				all = append(all, line)
			}
		}
	}
	return strings.Join(all, "; ")
}

func TestPointers(t *testing.T) {
	w := newWorld(t)
	const web = "2.0.18.127.in-addr.arpa. 1800 IN PTR web.example.com."
	for _, step := range []struct {
		what string
		do   func()
		want string
	}{
		{"no zone is here", func() { w.point(domaintest.Mine, 1, "127.18.0.2", "web.example.com") }, ""},
		{"only the reverse zone", func() { w.Create("127.in-addr.arpa") }, ""},
		{"both zones", func() { w.Create("example.com") }, web},
		{"told again", func() { w.point(domaintest.Mine, 1, "127.18.0.2", "web.example.com") }, web},
		{"renamed", func() { w.point(domaintest.Mine, 1, "127.18.0.2", "Web-2.example.com") }, "2.0.18.127.in-addr.arpa. 1800 IN PTR Web-2.example.com."},
		{"renamed to what is in no zone", func() { w.point(domaintest.Mine, 1, "127.18.0.2", "web.example.net") }, ""},
		{"renamed to the domain itself", func() { w.point(domaintest.Mine, 1, "127.18.0.2", "example.com") }, "2.0.18.127.in-addr.arpa. 1800 IN PTR example.com."},
		{"another account's droplet", func() { w.point(domaintest.Other, 2, "127.18.0.3", "evil.example.com") }, "2.0.18.127.in-addr.arpa. 1800 IN PTR example.com."},
		{"renamed back", func() { w.point(domaintest.Mine, 1, "127.18.0.2", "web.example.com") }, web},
		{"a nearer reverse zone", func() { w.Create("18.127.in-addr.arpa") }, web},
		{"it is gone again", func() { w.Remove("18.127.in-addr.arpa") }, web},
		{"the domain is gone", func() { w.Remove("example.com") }, ""},
		{"the domain is back", func() { w.Create("example.com") }, web},
		{"the address is another droplet's", func() { w.point(domaintest.Mine, 3, "127.18.0.2", "web.example.com") }, web},
		{"the address is free", func() { w.point(domaintest.Mine, 3, "127.18.0.2", "") }, ""},
		{"IPv6", func() {
			w.Create("8.b.d.0.1.0.0.2.ip6.arpa")
			w.point(domaintest.Mine, 4, "2001:db8::1", "six.example.com")
		}, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 1800 IN PTR six.example.com."},
		{"IPv4 in IPv6", func() {
			w.point(domaintest.Mine, 4, "2001:db8::1", "")
			w.point(domaintest.Mine, 1, "::ffff:127.18.0.2", "web.example.com")
		}, web},
	} {
		t.Run(step.what, func(t *testing.T) {
			step.do()
			if diff := cmp.Diff(step.want, w.pointers()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// After a domain is deleted, its names belong to the domain above.
func TestPointersOfADomainAbove(t *testing.T) {
	w := newWorld(t)
	w.Create("127.in-addr.arpa")
	w.createBy(domaintest.Other, "sub.example.com")
	w.Create("example.com")
	w.point(domaintest.Mine, 1, "127.18.0.2", "web.sub.example.com")
	if got := w.pointers(); got != "" {
		t.Errorf("in another account's domain: %s", got)
	}
	w.RemoveBy(domaintest.Other, "sub.example.com")
	if got := w.pointers(); got != "2.0.18.127.in-addr.arpa. 1800 IN PTR web.sub.example.com." {
		t.Errorf("when that is gone: %s", got)
	}
}

func (w *world) createBy(account int64, name string) {
	w.T.Helper()
	if _, err := w.TryCreate(account, domain.Create{Name: name}); err != nil {
		w.T.Fatal(err)
	}
}

// The PTR records of many droplets are one change of the reverse zone.
func TestManyPointersAreOneChange(t *testing.T) {
	w := newWorld(t)
	for i := range 100 {
		w.point(domaintest.Mine, int64(i), fmt.Sprintf("127.18.0.%d", i), fmt.Sprintf("h%d.example.com", i))
	}
	w.Create("127.in-addr.arpa")
	told := len(w.Server.Calls())
	w.Create("example.com")
	if n := strings.Count(w.pointers(), "PTR"); n != 100 || len(w.Server.Calls()) != told+2 {
		t.Errorf("%d records, told %v", n, w.Server.Calls()[told:])
	}
}

// A client's record at an address's name stays, and clients cannot change the cloud's
// PTR records.
func TestPointersAndOtherRecords(t *testing.T) {
	w := newWorld(t)
	w.Create("127.in-addr.arpa")
	w.Create("example.com")
	own := w.Add("127.in-addr.arpa", domaintest.Params(t, `{"type":"PTR","name":"2.0.18","data":"own.example.net.","ttl":60}`))
	w.Add("127.in-addr.arpa", domaintest.Params(t, `{"type":"CNAME","name":"3.0.18","data":"3.elsewhere.example.net."}`))
	w.point(domaintest.Mine, 1, "127.18.0.2", "a.example.com")
	w.point(domaintest.Mine, 2, "127.18.0.3", "b.example.com")
	w.point(domaintest.Mine, 3, "127.18.0.4", "c.example.com")
	const c = "4.0.18.127.in-addr.arpa. 1800 IN PTR c.example.com."
	if got, want := w.pointers(), "2.0.18.127.in-addr.arpa. 60 IN PTR own.example.net.; "+c; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	records := w.Records("127.in-addr.arpa")
	cloud := records[len(records)-1]
	const follows = "not about a field: This PTR record follows a droplet's name: rename the droplet to change it"
	if _, err := w.TryUpdate("127.in-addr.arpa", cloud.ID, domaintest.Params(t, `{"data":"x.example.com."}`)); domaintest.Message(err) != follows {
		t.Errorf("update: %v", err)
	}
	if _, err := w.TryDelete("127.in-addr.arpa", cloud.ID); domaintest.Message(err) != follows {
		t.Errorf("delete: %v", err)
	}
	if _, err := w.TryDelete("127.in-addr.arpa", own.ID); err != nil {
		t.Errorf("delete one's own: %v", err)
	}
	file := "5.0.18 PTR five.example.com.\n4.0.18 30 PTR c.example.com.\n"
	plan, err := w.PlanUpdate(t.Context(), w.DB, domaintest.Mine, "127.in-addr.arpa", domain.Change{File: zonefile.Parse("127.in-addr.arpa", 1800, file)})
	if told := strings.Join(domaintest.Problems(plan.Problems), "; "); err != nil || !strings.HasSuffix(told, "warning in line 2, ttl: This PTR record follows a droplet's name and keeps its TTL, 1800") {
		t.Errorf("the plan of an import: %v, %s", err, told)
	}
	if _, err := w.tryImport("127.in-addr.arpa", file); err != nil {
		t.Fatal(err)
	}
	const a, b = "2.0.18.127.in-addr.arpa. 1800 IN PTR a.example.com.", "3.0.18.127.in-addr.arpa. 1800 IN PTR b.example.com."
	if got, want := w.pointers(), a+"; "+b+"; "+c+"; 5.0.18.127.in-addr.arpa. 1800 IN PTR five.example.com."; got != want {
		t.Errorf("after an import: %s, want %s", got, want)
	}
}

// A reverse zone does not show the droplets of other accounts.
func TestPointersOfOtherAccounts(t *testing.T) {
	w := newWorld(t)
	w.Create("example.com")
	w.point(domaintest.Mine, 1, "127.18.0.2", "before.example.com")
	w.createBy(domaintest.Other, "127.in-addr.arpa")
	w.point(domaintest.Mine, 2, "127.18.0.3", "after.example.com")
	if got := w.pointers(); got != "" {
		t.Errorf("another account's reverse zone has %s", got)
	}
	for _, name := range []string{"in-addr.arpa", "IP6.arpa."} {
		_, err := w.TryCreate(domaintest.Other, domain.Create{Name: name})
		if got, want := domaintest.Message(err), "name: Name is all reverse zones: give the one of your own addresses below it"; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// When the client's record that took precedence is removed in any way, the droplet's
// PTR record is created in the same version of the zone.
func TestPointersAreRestored(t *testing.T) {
	const zone, cloud = "127.in-addr.arpa", "2.0.18.127.in-addr.arpa. 1800 IN PTR a.example.com."
	for _, own := range []string{`{"type":"PTR","name":"2.0.18","data":"own.example.net.","ttl":60}`, `{"type":"CNAME","name":"2.0.18","data":"own.example.net.","ttl":60}`} {
		for _, way := range []struct {
			name string
			take func(w *world, id int64) error
		}{
			{"DELETE", func(w *world, id int64) error { return second(w.TryDelete(zone, id)) }},
			{"a batch", func(w *world, id int64) error { return second(w.TryBatch(zone, domain.Batch{Delete: []int64{id}})) }},
			{"another name by a batch", func(w *world, id int64) error {
				return second(w.TryBatch(zone, domain.Batch{Update: []domain.BatchUpdate{{ID: id, Params: domaintest.Params(t, `{"name":"9.0.18"}`)}}}))
			}},
			{"another name", func(w *world, id int64) error {
				return second(w.TryUpdate(zone, id, domaintest.Params(t, `{"name":"9.0.18"}`)))
			}},
			{"another type", func(w *world, id int64) error {
				return second(w.TryUpdate(zone, id, domaintest.Params(t, `{"type":"TXT","data":"x"}`)))
			}},
			{"an import", func(w *world, _ int64) error { return second(w.tryImport(zone, "9.0.18 TXT x\n")) }},
			{"the domain is made again", func(w *world, _ int64) error { w.Remove(zone); w.Create(zone); return nil }},
			{"the domain is made of a file", func(w *world, _ int64) error {
				w.Remove(zone)
				return second(w.TryCreate(domaintest.Mine, domain.Create{Name: zone, File: zonefile.Parse(zone, 1800, "9.0.18 TXT x\n")}))
			}},
		} {
			t.Run(way.name+" of "+own[9:12], func(t *testing.T) {
				w := newWorld(t)
				w.Create(zone)
				w.Create("example.com")
				r := w.Add(zone, domaintest.Params(t, own))
				w.point(domaintest.Mine, 1, "127.18.0.2", "a.example.com")
				if strings.Contains(w.pointers(), "a.example.com") {
					t.Fatalf("before: %s", w.pointers())
				}
				before, told := w.Find(zone).Serial, len(w.Server.Calls())
				if err := way.take(w, r.ID); err != nil {
					t.Fatal(err)
				}
				if got := w.pointers(); !strings.Contains(got, cloud) {
					t.Errorf("afterwards: %q", got)
				}
				if d := w.Find(zone); d.ID == r.DomainID && (d.Serial != before+1 || len(w.Server.Calls()) != told+1) {
					t.Errorf("serial %d after %d, told %v", d.Serial, before, w.Server.Calls()[told:])
				}
				w.Expect(zone, w.Server.Lines(zone)...)
				records := w.Records(zone)
				if last := records[len(records)-1]; last.DropletID != 1 {
					t.Errorf("it is nobody's: %+v", last)
				}
				w.point(domaintest.Mine, 1, "127.18.0.2", "b.example.com")
				if got := w.pointers(); !strings.Contains(got, "PTR b.example.com.") || strings.Contains(got, "a.example.com") {
					t.Errorf("renamed: %s", got)
				}
			})
		}
	}
}

// The PTR record is not created while another record of the client takes precedence, if
// it belongs in another zone or account, or if the droplet is gone.
func TestPointersThatAreNotRestored(t *testing.T) {
	const zone, own = "127.in-addr.arpa", `{"type":"PTR","name":"2.0.18","data":"own.example.net."}`
	for _, test := range []struct {
		name string
		do   func(w *world, id int64) error
	}{
		{"other data", func(w *world, id int64) error {
			return second(w.TryUpdate(zone, id, domaintest.Params(t, `{"data":"x.example.net."}`)))
		}},
		{"another one in the same batch", func(w *world, id int64) error {
			return second(w.TryBatch(zone, domain.Batch{Delete: []int64{id}, Create: []record.Params{domaintest.Params(t, `{"type":"CNAME","name":"2.0.18","data":"x.example.net."}`)}}))
		}},
		{"there was another beside it", func(w *world, id int64) error {
			w.Add(zone, domaintest.Params(t, `{"type":"PTR","name":"2.0.18","data":"x.example.net."}`))
			return second(w.TryDelete(zone, id))
		}},
		{"the address is free", func(w *world, id int64) error {
			w.point(domaintest.Mine, 1, "127.18.0.2", "")
			return second(w.TryDelete(zone, id))
		}},
		{"the droplet is named elsewhere", func(w *world, id int64) error {
			w.point(domaintest.Mine, 1, "127.18.0.2", "a.example.org")
			return second(w.TryDelete(zone, id))
		}},
		{"the droplet is another account's", func(w *world, id int64) error {
			w.point(domaintest.Other, 2, "127.18.0.2", "a.example.com")
			return second(w.TryDelete(zone, id))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.Create(zone)
			w.Create("example.com")
			r := w.Add(zone, domaintest.Params(t, own))
			w.point(domaintest.Mine, 1, "127.18.0.2", "a.example.com")
			if err := test.do(w, r.ID); err != nil {
				t.Fatal(err)
			}
			if got := w.pointers(); strings.Contains(got, "a.example.") {
				t.Errorf("there is %s", got)
			}
		})
	}
}

// Renaming a droplet does not change a client's record at its address, even if that
// record has the droplet's name.
func TestRenamesKeepClientsRecords(t *testing.T) {
	const zone = "127.in-addr.arpa"
	for _, own := range []string{
		`{"type":"PTR","name":"2.0.18","data":"a.example.com.","ttl":60}`, `{"type":"PTR","name":"2.0.18","data":"b.example.com."}`,
		`{"type":"CNAME","name":"2.0.18","data":"a.example.com."}`, `{"type":"TXT","name":"2.0.18","data":"mine"}`,
	} {
		w := newWorld(t)
		w.Create(zone)
		w.Create("example.com")
		kept := w.Add(zone, domaintest.Params(t, own))
		for _, name := range []string{"a.example.com", "b.example.com", "a.example.com", "", "a.example.com", "c.example.org"} {
			w.point(domaintest.Mine, 1, "127.18.0.2", name)
			found := false
			for _, r := range w.Records(zone) {
				found = found || r.ID == kept.ID && cmp.Equal(r, kept)
			}
			if !found {
				t.Errorf("%s, when the droplet is %q: %v", own, name, w.shorts(zone))
			}
		}
	}
	w := newWorld(t)
	w.Create(zone)
	w.Create("example.com")
	w.point(domaintest.Mine, 1, "127.18.0.2", "a.example.com")
	beside := w.Add(zone, domaintest.Params(t, `{"type":"PTR","name":"2.0.18","data":"b.example.com."}`))
	for _, name := range []string{"b.example.com", "a.example.com", "c.example.com"} {
		w.point(domaintest.Mine, 1, "127.18.0.2", name)
		if got := w.pointers(); got != "2.0.18.127.in-addr.arpa. 1800 IN PTR b.example.com." {
			t.Errorf("beside the cloud's, when the droplet is %q: %s", name, got)
		}
	}
	if _, err := w.TryDelete(zone, beside.ID); err != nil || w.pointers() != "2.0.18.127.in-addr.arpa. 1800 IN PTR c.example.com." {
		t.Errorf("without what was beside it: %v %s", err, w.pointers())
	}
}

// The plan of an import contains the PTR records that it restores.
func TestPlanOfRestoredPointers(t *testing.T) {
	const zone = "8.b.d.0.1.0.0.2.ip6.arpa"
	w := newWorld(t)
	w.Create(zone)
	w.Create("example.com")
	w.Add(zone, domaintest.Params(t, `{"type":"PTR","name":"2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0","data":"own.example.net."}`))
	w.point(domaintest.Mine, 1, "2001:db8::2", "six.example.com")
	p, err := w.PlanUpdate(t.Context(), w.DB, domaintest.Mine, zone, domain.Change{File: zonefile.Parse(zone, 1800, "@ TXT x\n")})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"create line 1: (0 TXT @ x 1800)", "delete (9 PTR 2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 own.example.net 1800)",
		"create (0 PTR 2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 six.example.com 1800)"}
	if diff := cmp.Diff(want, planned(p)); diff != "" || p.Create != 2 {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := w.tryImport(zone, "@ TXT x\n"); err != nil || !strings.Contains(w.pointers(), "PTR six.example.com.") {
		t.Errorf("%v: %s", err, w.pointers())
	}
}
