package domain_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// handler returns the handler of a route.
func (w *world) handler(route string) resource.Handler {
	w.T.Helper()
	for _, r := range w.Resources() {
		if h := r.Handlers[route]; h != nil {
			return h
		}
	}
	w.T.Fatalf("nothing handles %s", route)
	return nil
}

// listed returns a list of domains.
func (w *world) listed(q list.Query) []domain.View {
	w.T.Helper()
	response, err := w.handler("GET /domains")(w.T.Context(), &resource.Request{AccountID: domaintest.Mine, List: q})
	if err != nil {
		w.T.Fatal(err)
	}
	return response.Value.([]domain.View)
}

// Each domain of a list has its own zone file, whatever the order.
func TestAListHasTheZoneFiles(t *testing.T) {
	w := newWorld(t)
	for i, name := range []string{"b.example", "c.example", "a.example"} {
		w.Create(name)
		w.Add(name, domaintest.Params(t, fmt.Sprintf(`{"type":"A","name":"www","data":"192.0.2.%d"}`, i)))
	}
	if _, err := w.TryCreate(domaintest.Other, domain.Create{Name: "d.example"}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		query list.Query
		want  string
	}{
		{list.Query{Max: 200}, "b.example c.example a.example"},
		{list.Query{Attr: "name", Desc: true, Max: 2}, "c.example b.example"},
		{list.Query{Max: 1, Offset: 3, Paged: true}, ""},
	} {
		var names []string
		for _, v := range w.listed(test.query) {
			names = append(names, v.Name)
			if v.ZoneFile == nil || *v.ZoneFile != w.File(v.Name) {
				t.Errorf("%s has the zone file %v", v.Name, v.ZoneFile)
			}
		}
		if got := strings.Join(names, " "); got != test.want {
			t.Errorf("%+v: %s, want %s", test.query, got, test.want)
		}
	}
}

// The zone files of a list have a limit together.
func TestAListOmitsZoneFilesBeyondItsLimit(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"a.example", "b.example", "c.example"} {
		d := w.Create(name)
		w.Write(func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), `WITH RECURSIVE h(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM h WHERE n < 2250)
				INSERT INTO domain_records (domain_id, type, name, name_key, data, ttl) SELECT $1, 'TXT', 'h' || n, 'h' || n, $2, 1800 FROM h`, d.ID, strings.Repeat("x", 4000))
			return err
		})
	}
	for i, v := range w.listed(list.Query{Max: 200}) {
		if (v.ZoneFile != nil) != (i == 0) {
			t.Errorf("%s has a zone file: %v", v.Name, v.ZoneFile != nil)
		}
	}
	response, err := w.handler("GET /domains/{domain}")(t.Context(), &resource.Request{AccountID: domaintest.Mine, Path: map[string]string{"domain": "c.example"}})
	if err != nil || len(*response.Value.(domain.View).ZoneFile) < 9_000_000 {
		t.Errorf("the domain itself: %+v, %v", response, err)
	}
}

// Records of a zone file without any TTL get the domain's TTL.
func TestTTLsOfAnImport(t *testing.T) {
	w := newWorld(t)
	w.Create("there.example")
	w.TryUpdate("there.example", 1, domaintest.Params(t, `{"ttl":300}`))
	for _, test := range []struct {
		route, name string
		params      map[string]any
		want        string
	}{
		{"POST /domains", "a.example", map[string]any{"zone_file": "www A 192.0.2.1\n"}, "A www 192.0.2.1 1800"},
		{"POST /domains", "b.example", map[string]any{"zone_file": "www A 192.0.2.1\n", "ttl": 60}, "A www 192.0.2.1 60"},
		{"POST /domains", "c.example", map[string]any{"zone_file": "$TTL 90\nwww A 192.0.2.1\n", "ttl": 60}, "A www 192.0.2.1 90"},
		{"PATCH /domains/{domain}", "there.example", map[string]any{"zone_file": "www A 192.0.2.1\n"}, "A www 192.0.2.1 300"},
		{"PATCH /domains/{domain}", "there.example", map[string]any{"zone_file": "www A 192.0.2.1\n", "ttl": 60}, "A www 192.0.2.1 60"},
	} {
		test.params["name"] = test.name
		r := &resource.Request{AccountID: domaintest.Mine, Path: map[string]string{"domain": test.name}, Params: test.params,
			BeforeCommit: func(context.Context, *store.Tx, *resource.Response) error { return nil }}
		if _, err := w.handler(test.route)(t.Context(), r); err != nil {
			t.Fatalf("%s %v: %v", test.route, test.params, err)
		}
		records := w.Records(test.name)
		if got := domaintest.Short(records[len(records)-1]); got != test.want {
			t.Errorf("%s %v: %s, want %s", test.route, test.params, got, test.want)
		}
	}
}

// A dry run does not wait for a transaction, and writes nothing.
func TestDryRunsDoNotWaitForWriters(t *testing.T) {
	w := newWorld(t)
	w.Create("example.com")
	before := w.File("example.com")
	for route, test := range map[string]struct {
		params map[string]any
		makes  func(value any) int // records, in the plan
	}{
		"POST /domains": {map[string]any{"name": "example.net", "zone_file": "www A 192.0.2.1\n"},
			func(value any) int { return value.(domain.Plan).Create - 4 }},
		"PATCH /domains/{domain}": {map[string]any{"zone_file": "www A 192.0.2.1\n"},
			func(value any) int { return value.(domain.Plan).Create }},
		"PATCH /domains/{domain}/records": {map[string]any{"create": []any{map[string]any{"type": "A", "name": "www", "data": "192.0.2.1"}}},
			func(value any) int {
				text, _ := json.Marshal(value)
				return strings.Count(string(text), `"data":"192.0.2.1"`)
			}},
	} {
		test.params["dry_run"] = true
		w.Write(func(*store.Tx) error {
			r := &resource.Request{AccountID: domaintest.Mine, Path: map[string]string{"domain": "example.com"}, Params: test.params}
			response, err := w.handler(route)(t.Context(), r)
			if err != nil {
				t.Fatalf("%s: %v", route, err)
			}
			if n := test.makes(response.Value); n != 1 {
				t.Errorf("%s would make %d records: %+v", route, n, response.Value)
			}
			return nil
		})
	}
	if after := w.File("example.com"); after != before {
		t.Errorf("a dry run has changed it:\n%s", after)
	}
}
