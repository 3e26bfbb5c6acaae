package main

import (
	"fmt"
	"net/http"
	"testing"
)

// A list's total counts what the list has: what was just made, not what was
// just deleted, and under a filter what the filter lets through.
func TestTotals(t *testing.T) {
	c := newClient(t, func(s *serveCommand) { s.DropletLimit = 4 })
	assertTotals := func(when string, want map[string]int) {
		t.Helper()
		for path, total := range want {
			a := c.do("GET", path, "")
			if got := a.at("meta", "total"); got != float64(total) {
				t.Errorf("%s, %s: total %v, want %d", when, path, got, total)
			}
		}
	}
	assertTotals("at first", map[string]int{"/v2/droplets": 0, "/v2/actions": 0, "/v2/droplets?name=a": 0})
	made := c.do("POST", "/v2/droplets", `{"names":["a","b","c","a"],"size":"s-1vcpu-256mb","image":"micro","tags":["web"]}`)
	if made.StatusCode != http.StatusAccepted {
		t.Fatal(made.text)
	}
	assertTotals("with four", map[string]int{"/v2/droplets": 4, "/v2/droplets?page=3&per_page=2": 4, "/v2/actions": 4,
		"/v2/droplets?name=a": 2, "/v2/droplets?tag_name=web": 4, "/v2/droplets?type=gpus": 0})
	one := `{"name":"d","size":"s-1vcpu-256mb","image":"micro"}`
	if a := c.do("POST", "/v2/droplets", one); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a fifth of four: %d %s", a.StatusCode, a.text)
	}
	assertTotals("after a refusal", map[string]int{"/v2/droplets": 4, "/v2/actions": 4})
	if a := c.do("DELETE", fmt.Sprintf("/v2/droplets/%v", made.at("droplets", 0, "id")), ""); a.StatusCode != http.StatusNoContent {
		t.Fatal(a.text)
	}
	assertTotals("after a delete", map[string]int{"/v2/droplets": 3, "/v2/actions": 5, "/v2/droplets?name=a": 1})
	c.wait(c.do("GET", "/v2/actions", "").at("actions", 0, "id"))
	assertTotals("when it is gone", map[string]int{"/v2/droplets": 3, "/v2/actions": 5})
	c.create(one)
	assertTotals("with another one", map[string]int{"/v2/droplets": 4, "/v2/actions": 6, "/v2/droplets?tag_name=web": 3})
}
