package domain_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

func batch(t testing.TB, text string) (b domain.Batch) {
	t.Helper()
	domaintest.Unmarshal(t, text, &b)
	return b
}

// shorts writes the records of a domain, without those that every domain has.
func (w *world) shorts(name string) []string {
	all := []string{}
	for _, r := range w.Records(name) {
		if !(r.Name == "@" && (r.Type == "SOA" || r.Type == "NS")) {
			all = append(all, fmt.Sprintf("%d %s", r.ID, domaintest.Short(r)))
		}
	}
	return all
}

func TestBatch(t *testing.T) {
	w := newWorld(t)
	w.Create("example.com")
	for i := range 3 {
		w.Add("example.com", domaintest.Params(t, fmt.Sprintf(`{"type":"A","name":"h%d","data":"1.2.3.%d","ttl":60}`, i, i)))
	}
	serial := w.Find("example.com").Serial
	result, err := w.TryBatch("example.com", batch(t, `{
		"delete": [5],
		"update": [{"id":6,"data":"1.2.3.9"},{"id":7,"name":"h0","ttl":90}],
		"create": [{"type":"CNAME","name":"h2","data":"h0"},{"type":"A","name":"h0","data":"1.2.3.7","ttl":30}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"6 A h1 1.2.3.9 60", "7 A h0 1.2.3.2 30", "8 CNAME h2 h0.example.com 1800", "9 A h0 1.2.3.7 30"}
	if diff := cmp.Diff(want, w.shorts("example.com")); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if len(result.Deleted) != 1 || len(result.Updated) != 2 || len(result.Created) != 2 || result.Deleted[0].ID != 5 || result.Created[0].ID != 8 ||
		result.Updated[1].TTL != 30 {
		t.Errorf("result %+v", result)
	}
	if got := w.Find("example.com").Serial; got != serial+1 {
		t.Errorf("serial %d became %d", serial, got)
	}
	w.Expect("example.com", "example.com. 1800 IN NS ns1.cloud.test.", "example.com. 1800 IN NS ns2.cloud.test.", "example.com. 1800 IN NS ns3.cloud.test.",
		"h1.example.com. 60 IN A 1.2.3.9", "h0.example.com. 30 IN A 1.2.3.2", "h0.example.com. 30 IN A 1.2.3.7", "h2.example.com. 1800 IN CNAME h0.example.com.")
	if last := w.Server.LastCall(); last != "apply example.com." {
		t.Errorf("the name server was told: %s", last)
	}
}

// Two records can swap values and a CNAME can replace addresses, because only the
// result of a batch is checked.
func TestABatchIsCheckedByItsResult(t *testing.T) {
	w := newWorld(t)
	w.Create("example.com")
	w.Add("example.com", domaintest.Params(t, `{"type":"A","name":"a","data":"1.2.3.1"}`))
	w.Add("example.com", domaintest.Params(t, `{"type":"A","name":"a","data":"1.2.3.2"}`))
	ns := w.Records("example.com")[1:4]
	if _, err := w.TryBatch("example.com", batch(t, `{"update":[{"id":5,"data":"1.2.3.2"},{"id":6,"data":"1.2.3.1"}]}`)); err != nil {
		t.Error(err)
	}
	if _, err := w.TryBatch("example.com", batch(t, `{"delete":[5,6],"create":[{"type":"CNAME","name":"a","data":"@"}]}`)); err != nil {
		t.Error(err)
	}
	all := fmt.Sprintf(`{"delete":[%d,%d,%d],"create":[{"type":"NS","data":"ns.example.net."}]}`, ns[0].ID, ns[1].ID, ns[2].ID)
	if _, err := w.TryBatch("example.com", batch(t, all)); err != nil {
		t.Error(err)
	}
	w.Expect("example.com", "a.example.com. 1800 IN CNAME example.com.", "example.com. 1800 IN NS ns.example.net.")
}

func TestABatchIsAllOrNothing(t *testing.T) {
	w := newWorld(t)
	w.Create("example.com")
	w.Create("example.net")
	foreign := w.Add("example.net", domaintest.Params(t, `{"type":"A","name":"a","data":"1.2.3.1"}`)).ID
	id := w.Add("example.com", domaintest.Params(t, `{"type":"A","name":"a","data":"1.2.3.1"}`)).ID
	before, told := w.File("example.com"), len(w.Server.Calls())
	const good = `{"type":"A","name":"good","data":"1.2.3.4"}`
	for _, test := range []struct {
		name, batch string
		want        []string
	}{
		{"nothing", `{}`, nil},
		{"faults of each kind", fmt.Sprintf(`{"delete":[99,%d],"update":[{"id":%d,"data":"x"},{"id":98}],"create":[%s,{"type":"MX","data":"mail"},{"type":"A","name":"*.*","data":"1.2.3.4"}]}`, foreign, id, good),
			[]string{"delete.0: The domain has no record with this id", "delete.1: The domain has no record with this id",
				"update.0.data: Data needs to be a valid IPv4 address", "update.1.id: The domain has no record with this id",
				"create.1.priority: Priority can't be blank", "create.2.name: Name is invalid: * must be the whole leftmost label"}},
		{"faults of what is left", fmt.Sprintf(`{"update":[{"id":%d,"ttl":99}],"create":[%s,{"type":"CNAME","name":"good","data":"@"},{"type":"A","name":"a","data":"1.2.3.1"}]}`, id, good),
			[]string{"update.0.data: Record already exists", "create.0.name: CNAME records cannot share a name with other records",
				"create.1.name: CNAME records cannot share a name with other records", "create.2.data: Record already exists"}},
		{"one record twice", fmt.Sprintf(`{"delete":[%d],"update":[{"id":%d}],"create":[%s]}`, id, id, good), []string{"update.0.id: A record can stand in a batch only once"}},
		{"SOA", fmt.Sprintf(`{"delete":[%d],"create":[%s]}`, w.Records("example.com")[0].ID, good), []string{"delete.0: SOA records can't be deleted: every domain has one"}},
		{"all NS", fmt.Sprintf(`{"delete":[%d,%d,%d],"create":[%s]}`, w.Records("example.com")[1].ID, w.Records("example.com")[2].ID, w.Records("example.com")[3].ID, good),
			[]string{"delete.0: A domain needs at least one NS record at its apex", "delete.1: A domain needs at least one NS record at its apex", "delete.2: A domain needs at least one NS record at its apex"}},
		{"too many", `{"create":[` + strings.Repeat(good+",", 1000) + good + `]}`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.TryBatch("example.com", batch(t, test.batch))
			var e *apierr.Error
			if !errors.As(err, &e) || e.Kind != apierr.KindRefused {
				t.Fatalf("error %v", err)
			}
			var got []string
			for _, f := range e.Fields {
				got = append(got, f.Field+": "+f.Message)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if after := w.File("example.com"); after != before || len(w.Server.Calls()) != told {
				t.Errorf("something was done: %s\ntold: %v", after, w.Server.Calls()[told:])
			}
		})
	}
}

// A record without a TTL gets the domain's TTL, which the same batch may change.
func TestABatchSetsTheTTLOfItsNewRecords(t *testing.T) {
	w := newWorld(t)
	w.Create("example.com")
	soa := w.Records("example.com")[0].ID
	result, err := w.TryBatch("example.com", batch(t, fmt.Sprintf(`{"update":[{"id":%d,"ttl":77}],"create":[{"type":"A","name":"a","data":"1.2.3.1"}]}`, soa)))
	if err != nil {
		t.Fatal(err)
	}
	if got := result.Created[0].TTL; got != 77 {
		t.Errorf("the new record's TTL is %d", got)
	}
}
