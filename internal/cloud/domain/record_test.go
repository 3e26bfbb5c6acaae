package domain_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

func TestRecordsThatShareAName(t *testing.T) {
	w := newWorld(t)
	w.Create("example.com")
	for _, p := range []string{
		`{"type":"A","name":"www","data":"1.2.3.4"}`, `{"type":"CNAME","name":"alias","data":"www"}`,
		`{"type":"AAAA","name":"six","data":"2001:db8::1"}`, `{"type":"MX","name":"@","data":"mail","priority":10}`,
		`{"type":"TXT","name":"t","data":"Text"}`,
	} {
		w.Add("example.com", domaintest.Params(t, p))
	}
	const exists, shares = "data: Record already exists", "name: CNAME records cannot share a name with other records"
	for _, test := range []struct{ name, params, want string }{
		{"the same", `{"type":"A","name":"WWW","data":"1.2.3.4","ttl":60}`, exists},
		{"another address", `{"type":"A","name":"www","data":"1.2.3.5"}`, "A www 1.2.3.5 1800"},
		{"the same IPv6 address", `{"type":"AAAA","name":"six","data":"2001:DB8:0:0::1"}`, exists},
		{"the same host", `{"type":"MX","name":"@","data":"MAIL.example.com.","priority":10}`, exists},
		{"the same host of another priority", `{"type":"MX","name":"@","data":"mail","priority":20}`, "MX @ mail.example.com 1800 priority=20"},
		{"the same text", `{"type":"TXT","name":"t","data":"\"Te\\120t\""}`, exists},
		{"its strings end elsewhere", `{"type":"TXT","name":"t","data":"\"Te\" \"xt\""}`, `TXT t "Te" "xt" 1800`},
		{"and elsewhere", `{"type":"TXT","name":"t","data":"\"Tex\" \"t\""}`, `TXT t "Tex" "t" 1800`},
		{"the same strings", `{"type":"TXT","name":"t","data":"\"T\\101\"  \"xt\""}`, exists},
		{"a text of another case", `{"type":"TXT","name":"t","data":"text"}`, "TXT t text 1800"},
		{"CNAME beside A", `{"type":"CNAME","name":"Www","data":"@"}`, shares},
		{"A beside CNAME", `{"type":"A","name":"ALIAS","data":"1.2.3.4"}`, shares},
		{"CNAME beside CNAME", `{"type":"CNAME","name":"alias","data":"@"}`, shares},
		{"CNAME at the apex", `{"type":"CNAME","name":"@","data":"a.example.net."}`, shares},
		{"the same CNAME", `{"type":"CNAME","name":"alias","data":"www.example.com."}`, exists},
		{"A beside a wildcard is no neighbour", `{"type":"CNAME","name":"*","data":"www"}`, "CNAME * www.example.com 1800"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if r, err := w.TryAdd("example.com", domaintest.Params(t, test.params)); err != nil {
				got = domaintest.Message(err)
			} else {
				got = domaintest.Short(r)
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestARecordAtTheApexCannotBecomeACNAME(t *testing.T) {
	w := newWorld(t)
	w.Create("example.com")
	r := w.Add("example.com", domaintest.Params(t, `{"type":"A","name":"@","data":"1.2.3.4"}`))
	_, err := w.TryUpdate("example.com", r.ID, domaintest.Params(t, `{"type":"CNAME","data":"www"}`))
	if got, want := domaintest.Message(err), "name: CNAME records cannot share a name with other records"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestTheSOARecord(t *testing.T) {
	w := newWorld(t)
	w.Create("example.com")
	soa := w.Records("example.com")[0]
	if got, want := domaintest.Short(soa), "SOA @ 1800 1800"; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	const onlyTTL = "not about a field: SOA records can only have their TTL changed"
	for _, test := range []struct{ params, want string }{
		{`{"ttl":600}`, "SOA @ 1800 600"},
		{`{"type":"SOA","name":"@","data":"1800","ttl":900,"priority":0}`, "SOA @ 1800 900"},
		{`{"type":"SOA","name":"example.com.","ttl":901}`, "SOA @ 1800 901"},
		{`{"ttl":1}`, "ttl: TTL must be greater than or equal to 30"},
		{`{"data":"3600"}`, onlyTTL}, {`{"name":"www"}`, onlyTTL}, {`{"type":"A","data":"1.2.3.4"}`, onlyTTL},
	} {
		got := ""
		if r, err := w.TryUpdate("example.com", soa.ID, domaintest.Params(t, test.params)); err != nil {
			got = domaintest.Message(err)
		} else {
			got = domaintest.Short(r)
		}
		if got != test.want {
			t.Errorf("%s: got %s, want %s", test.params, got, test.want)
		}
	}
	if d := w.Find("example.com"); d.TTL != 901 {
		t.Errorf("the domain's TTL is %d", d.TTL)
	}
	if _, err := w.TryDelete("example.com", soa.ID); domaintest.Message(err) != "not about a field: SOA records can't be deleted: every domain has one" {
		t.Errorf("delete: %v", err)
	}
	d, err := domaintest.Try(w.DB, func(ctx context.Context, tx *store.Tx) (zonedb.Domain, error) {
		ttl := domain.Change{}
		domaintest.Unmarshal(t, `{"ttl":7200}`, &ttl)
		return w.Service.Update(ctx, tx, domaintest.Mine, "example.com", ttl)
	})
	if err != nil || d.TTL != 7200 || w.Records("example.com")[0].TTL != 7200 {
		t.Errorf("the domain's TTL: %v, %d, its SOA record's %d", err, d.TTL, w.Records("example.com")[0].TTL)
	}
	if r := w.Add("example.com", domaintest.Params(t, `{"type":"A","name":"www","data":"1.2.3.4"}`)); r.TTL != 7200 {
		t.Errorf("a new record's TTL is %d", r.TTL)
	}
}

func TestTheLastNSRecordStays(t *testing.T) {
	w := newWorld(t)
	w.Create("example.com")
	const last = "not about a field: A domain needs at least one NS record at its apex"
	ns := w.Records("example.com")[1:4]
	for _, r := range ns[:2] {
		if _, err := w.TryDelete("example.com", r.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.TryDelete("example.com", ns[2].ID); domaintest.Message(err) != last {
		t.Errorf("delete: %v", err)
	}
	for _, change := range []string{`{"name":"sub"}`, `{"type":"TXT","data":"x"}`} {
		if _, err := w.TryUpdate("example.com", ns[2].ID, domaintest.Params(t, change)); domaintest.Message(err) != last {
			t.Errorf("%s: %v", change, err)
		}
	}
	if r, err := w.TryUpdate("example.com", ns[2].ID, domaintest.Params(t, `{"data":"ns.example.net."}`)); err != nil || r.Data != "ns.example.net" {
		t.Errorf("another name server: %+v, %v", r, err)
	}
	below := w.Add("example.com", domaintest.Params(t, `{"type":"NS","name":"sub","data":"ns.example.net."}`))
	if _, err := w.TryDelete("example.com", below.ID); err != nil {
		t.Errorf("the last one below: %v", err)
	}
}

func TestRecordsOfOneNameAndTypeShareTheirTTL(t *testing.T) {
	w := newWorld(t)
	w.Create("example.com")
	first := w.Add("example.com", domaintest.Params(t, `{"type":"A","name":"www","data":"1.2.3.4","ttl":60}`))
	w.Add("example.com", domaintest.Params(t, `{"type":"AAAA","name":"www","data":"::1","ttl":70}`))
	ttls := func() string {
		var all []string
		for _, r := range w.Records("example.com")[4:] {
			all = append(all, fmt.Sprint(r.TTL))
		}
		return strings.Join(all, " ")
	}
	w.Add("example.com", domaintest.Params(t, `{"type":"A","name":"WWW","data":"1.2.3.5","ttl":300}`))
	if got := ttls(); got != "300 70 300" {
		t.Errorf("after a create: %s", got)
	}
	if _, err := w.TryUpdate("example.com", first.ID, domaintest.Params(t, `{"ttl":90}`)); err != nil || ttls() != "90 70 90" {
		t.Errorf("after an update: %s, %v", ttls(), err)
	}
	moved := w.Add("example.com", domaintest.Params(t, `{"type":"A","name":"api","data":"1.2.3.6","ttl":1000}`))
	if _, err := w.TryUpdate("example.com", moved.ID, domaintest.Params(t, `{"name":"www"}`)); err != nil || ttls() != "1000 70 1000 1000" {
		t.Errorf("after a move: %s, %v", ttls(), err)
	}
	want := []string{"example.com. 1800 IN NS ns1.cloud.test.", "example.com. 1800 IN NS ns2.cloud.test.", "example.com. 1800 IN NS ns3.cloud.test.",
		"WWW.example.com. 1000 IN A 1.2.3.5", "www.example.com. 1000 IN A 1.2.3.4", "www.example.com. 1000 IN A 1.2.3.6", "www.example.com. 70 IN AAAA ::1"}
	w.Expect("example.com", want...)
}
