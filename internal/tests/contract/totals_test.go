package contract

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/server"
)

// The total of a list counts its current items: it includes new items,
// excludes deleted ones, and respects filters.
func TestTotals(t *testing.T) {
	c := newClient(t, func(s *server.Config) { s.DropletLimit = 4 })
	assertTotals := func(when string, want map[string]int) {
		t.Helper()
		for path, total := range want {
			a := c.Do("GET", path, "")
			if got := a.At("meta", "total"); got != float64(total) {
				t.Errorf("%s, %s: total %v, want %d", when, path, got, total)
			}
		}
	}
	assertTotals("at first", map[string]int{"/v2/droplets": 0, "/v2/actions": 0, "/v2/droplets?name=a": 0})
	made := c.Do("POST", "/v2/droplets", `{"names":["a","b","c","a"],"size":"s-1vcpu-256mb","image":"micro","tags":["web"]}`)
	if made.StatusCode != http.StatusAccepted {
		t.Fatal(made.Text)
	}
	assertTotals("with four", map[string]int{"/v2/droplets": 4, "/v2/droplets?page=3&per_page=2": 4, "/v2/actions": 4,
		"/v2/droplets?name=a": 2, "/v2/droplets?tag_name=web": 4, "/v2/droplets?type=gpus": 0})
	one := `{"name":"d","size":"s-1vcpu-256mb","image":"micro"}`
	if a := c.Do("POST", "/v2/droplets", one); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a fifth of four: %d %s", a.StatusCode, a.Text)
	}
	assertTotals("after a refusal", map[string]int{"/v2/droplets": 4, "/v2/actions": 4})
	if a := c.Do("DELETE", fmt.Sprintf("/v2/droplets/%v", made.At("droplets", 0, "id")), ""); a.StatusCode != http.StatusNoContent {
		t.Fatal(a.Text)
	}
	assertTotals("after a delete", map[string]int{"/v2/droplets": 3, "/v2/actions": 5, "/v2/droplets?name=a": 1})
	c.Wait(c.Do("GET", "/v2/actions", "").At("actions", 0, "id"))
	assertTotals("when it is gone", map[string]int{"/v2/droplets": 3, "/v2/actions": 5})
	c.Create(one)
	assertTotals("with another one", map[string]int{"/v2/droplets": 4, "/v2/actions": 6, "/v2/droplets?tag_name=web": 3})
}
