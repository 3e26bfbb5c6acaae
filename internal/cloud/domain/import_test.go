package domain_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonefile"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

func (w *world) tryImport(name, file string) (zonedb.Domain, error) {
	return domaintest.Try(w.DB, func(ctx context.Context, tx *store.Tx) (zonedb.Domain, error) {
		return w.Service.Update(ctx, tx, domaintest.Mine, name, domain.Change{File: zonefile.Parse(name, 1800, file)})
	})
}

// planned writes the changes of a plan.
func planned(p domain.Plan) []string {
	all := []string{}
	for _, c := range p.Changes {
		text := string(c.Action)
		if c.Line != nil {
			text += fmt.Sprintf(" line %d:", *c.Line)
		}
		for _, v := range []*domain.RecordView{c.Before, c.Record} {
			if v != nil {
				id := int64(0)
				if v.ID != nil {
					id = *v.ID
				}
				text += fmt.Sprintf(" (%d %s %s %s %d)", id, v.Type, v.Name, v.Data, v.TTL)
			}
		}
		all = append(all, text)
	}
	return all
}

func TestPlanOfANewDomain(t *testing.T) {
	w := newWorld(t)
	file := "$TTL 300\n@ SOA ns1.cloud.test. hostmaster 7 1 2 3 4\n@ NS ns1.cloud.test.\n@ NS ns.elsewhere.test.\nwww A 1.2.3.4\n"
	address := "1.2.3.5"
	p, err := w.PlanCreate(t.Context(), w.DB, domaintest.Mine, domain.Create{Name: "example.com", File: zonefile.Parse("example.com", 1800, file), IPAddress: &address})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"create (0 SOA @ 1800 300)", "create line 3: (0 NS @ ns1.cloud.test 300)", "create line 4: (0 NS @ ns.elsewhere.test 300)",
		"create line 5: (0 A www 1.2.3.4 300)", "create (0 A @ 1.2.3.5 300)"}
	if diff := cmp.Diff(want, planned(p)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	problems := []string{"warning in line 2: Of the SOA record only the TTL and the serial are taken", "warning in line 4, data: ns.elsewhere.test is not a name server of this cloud"}
	if diff := cmp.Diff(problems, domaintest.Problems(p.Problems)); diff != "" || !p.Valid || p.Create != 5 {
		t.Errorf("valid %v, %d to create (-want +got):\n%s", p.Valid, p.Create, diff)
	}
	if _, err := zonedb.Find(t.Context(), w.DB, domaintest.Mine, "example.com"); err == nil || len(w.Server.Calls()) > 0 {
		t.Error("a plan has made a domain")
	}
	if d, err := w.TryCreate(domaintest.Mine, domain.Create{Name: "example.com", File: zonefile.Parse("example.com", 1800, file), IPAddress: &address}); err != nil || d.TTL != 300 || len(w.Records("example.com")) != 5 {
		t.Errorf("the domain: %+v, %v, %v", d, err, w.shorts("example.com"))
	}
}

func TestAnImportWithErrors(t *testing.T) {
	w := newWorld(t)
	file := "@ NS ns1.cloud.test.\nbad A 1.2.3\nwww CNAME @\n\nWWW A 1.2.3.4 ; beside a CNAME\n@ CNAME www\nfine A 1.2.3.4\n"
	p, err := w.PlanCreate(t.Context(), w.DB, domaintest.Mine, domain.Create{Name: "example.com", File: zonefile.Parse("example.com", 1800, file)})
	if err != nil {
		t.Fatal(err)
	}
	const shares = "CNAME records cannot share a name with other records"
	want := []string{`error in line 2: Can't be read: bad A A: "1.2.3"`, "error in line 3, name: " + shares, "error in line 5, name: " + shares, "error in line 6, name: " + shares}
	if diff := cmp.Diff(want, domaintest.Problems(p.Problems)); diff != "" || p.Valid {
		t.Errorf("valid %v (-want +got):\n%s", p.Valid, diff)
	}
	for name, err := range map[string]error{
		"create": second(w.TryCreate(domaintest.Mine, domain.Create{Name: "example.com", File: zonefile.Parse("example.com", 1800, file)})),
		"update": func() error { w.Create("example.net"); return second(w.tryImport("example.net", file)) }(),
	} {
		var e *apierr.Error
		if !errors.As(err, &e) || e.Kind != apierr.KindInvalid || e.Message != `Line 2: Can't be read: bad A A: "1.2.3"` || e.Fields[0].Field != "zone_file" {
			t.Errorf("%s: %v", name, err)
		}
	}
	readable := strings.Replace(file, "1.2.3\n", "1.2.3.4\n", 1)
	if _, err := w.TryCreate(domaintest.Mine, domain.Create{Name: "example.com", File: zonefile.Parse("example.com", 1800, readable)}); domaintest.Message(err) != "zone_file: Line 3: "+shares {
		t.Errorf("readable, but against the rules: %v", err)
	}
	if _, err := zonedb.Find(t.Context(), w.DB, domaintest.Mine, "example.com"); err == nil {
		t.Error("an import with faults has made a domain")
	}
}

func second[T any](_ T, err error) error { return err }

func TestImportIntoADomain(t *testing.T) {
	w := newWorld(t)
	w.Create("example.com")
	for _, p := range []string{
		`{"type":"A","name":"stays","data":"1.2.3.1"}`, `{"type":"AAAA","name":"stays","data":"2001:DB8::1"}`, `{"type":"A","name":"ttl","data":"1.2.3.2"}`,
		`{"type":"A","name":"moves","data":"1.2.3.3"}`, `{"type":"A","name":"goes","data":"1.2.3.4"}`, `{"type":"TXT","name":"goes","data":"x"}`,
	} {
		w.Add("example.com", domaintest.Params(t, p))
	}
	file := "stays A 1.2.3.1\nSTAYS AAAA 2001:db8:0::1\nttl 60 A 1.2.3.2\nmoves 1800 A 1.2.3.9\nnew A 1.2.3.5\ngoes CNAME new\n"
	p, err := w.PlanUpdate(t.Context(), w.DB, domaintest.Mine, "example.com", domain.Change{File: zonefile.Parse("example.com", 1800, file)})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"update line 3: (7 A ttl 1.2.3.2 1800) (7 A ttl 1.2.3.2 60)", "update line 4: (8 A moves 1.2.3.3 1800) (8 A moves 1.2.3.9 1800)",
		"create line 5: (0 A new 1.2.3.5 1800)", "create line 6: (0 CNAME goes new.example.com 1800)",
		"delete (9 A goes 1.2.3.4 1800)", "delete (10 TXT goes x 1800)"}
	if diff := cmp.Diff(want, planned(p)); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if !p.Valid || p.Create != 2 || p.Update != 2 || p.Delete != 2 || p.Unchanged != 2 ||
		fmt.Sprint(domaintest.Problems(p.Problems)) != "[warning: The zone file has no NS record for example.com.; the domain has its own]" {
		t.Errorf("plan: %+v, %v", p, domaintest.Problems(p.Problems))
	}
	if _, err := w.tryImport("example.com", file); err != nil {
		t.Fatal(err)
	}
	records := []string{"5 A stays 1.2.3.1 1800", "6 AAAA stays 2001:DB8::1 1800", "7 A ttl 1.2.3.2 60", "8 A moves 1.2.3.9 1800", "11 A new 1.2.3.5 1800", "12 CNAME goes new.example.com 1800"}
	if diff := cmp.Diff(records, w.shorts("example.com")); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	w.Expect("example.com", "example.com. 1800 IN NS ns1.cloud.test.", "example.com. 1800 IN NS ns2.cloud.test.", "example.com. 1800 IN NS ns3.cloud.test.",
		"stays.example.com. 1800 IN A 1.2.3.1", "stays.example.com. 1800 IN AAAA 2001:db8::1", "ttl.example.com. 60 IN A 1.2.3.2",
		"moves.example.com. 1800 IN A 1.2.3.9", "new.example.com. 1800 IN A 1.2.3.5", "goes.example.com. 1800 IN CNAME new.example.com.")
	serial := w.Find("example.com").Serial
	if _, err := w.tryImport("example.com", w.File("example.com")); err != nil || w.Find("example.com").Serial != serial {
		t.Errorf("its own export changes it: %v", err)
	}
}

// The log does not have the records of a large import: name servers read the domain.
func TestALargeImportReplacesTheZone(t *testing.T) {
	w := newWorld(t)
	w.Create("example.com")
	file := domaintest.HostLines(9_000)
	if _, err := w.tryImport("example.com", file); err != nil {
		t.Fatal(err)
	}
	if got := len(w.Server.Lines("example.com")); got != 9_003 || w.Server.LastCall() != "put example.com." {
		t.Errorf("%d records are served; told: %v", got, w.Server.Calls())
	}
	if _, err := w.tryImport("example.com", "h1 A 1.2.3.4\n"); err != nil || len(w.Server.Lines("example.com")) != 4 {
		t.Errorf("back again: %v, %v", err, w.Server.Lines("example.com"))
	}
}
