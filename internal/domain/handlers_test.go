package domain_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/domain"
	"github.com/rockpool-cloud/rockpool/internal/resource"
	"github.com/rockpool-cloud/rockpool/internal/store"
)

// handler is what answers a route.
func (w *world) handler(route string) resource.Handler {
	w.t.Helper()
	for _, r := range w.Resources() {
		if h := r.Handlers[route]; h != nil {
			return h
		}
	}
	w.t.Fatalf("nothing handles %s", route)
	return nil
}

// A dry run waits for no transaction that is under way, and writes nothing.
func TestDryRunsWaitForNobody(t *testing.T) {
	w := newWorld(t)
	w.create("example.com")
	before := w.file("example.com")
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
		w.write(func(*store.Tx) error {
			r := &resource.Request{AccountID: mine, Path: map[string]string{"domain": "example.com"}, Params: test.params}
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
	if after := w.file("example.com"); after != before {
		t.Errorf("a dry run has changed it:\n%s", after)
	}
}
