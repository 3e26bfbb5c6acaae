package droplet

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestColumnsOfTextsAreDecodedAndNotShared(t *testing.T) {
	for range 2 { // decoded, then from the cache
		for text, want := range map[string][]string{
			`[]`:              {},
			`["a","b\"","c"]`: {"a", `b"`, "c"},
			`["` + strings.Repeat("x", 2*maxCachedText) + `"]`: {strings.Repeat("x", 2*maxCachedText)},
		} {
			got, err := texts.get(text)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%.20s: %v (-want +got):\n%s", text, err, diff)
			}
			again, _ := texts.get(text)
			mine := append(got, "mine")
			if yours := append(again, "yours"); mine[len(want)] != "mine" || yours[len(want)] != "yours" {
				t.Errorf("%.20s: an append to one value changes the other", text)
			}
		}
		if got, err := texts.get(`["a"`); err == nil {
			t.Errorf("an incomplete list is decoded as %v", got)
		}
	}
}

func TestColumnsOfImagesAreDecodedAndNotShared(t *testing.T) {
	const text = `{"id":1,"regions":["a","b","c"],"tags":["d","e","f"]}`
	var lists [][]string
	for range 2 { // decoded, then from the cache
		view, err := images.get(text)
		if err != nil {
			t.Fatal(err)
		}
		lists = append(lists, view.Regions, view.Tags)
	}
	for i, want := range [][]string{{"a", "b", "c"}, {"d", "e", "f"}} {
		mine, yours := append(lists[i], "mine"), append(lists[i+2], "yours")
		if !slices.Equal(mine, append(want, "mine")) || !slices.Equal(yours, append(want, "yours")) {
			t.Errorf("an append to one %v changes the other: %v, %v", want, mine, yours)
		}
	}
}

func TestTheDecodeCacheIsBounded(t *testing.T) {
	for i := range 2 * maxCached {
		text := fmt.Sprintf(`["%d"]`, i)
		if got, err := texts.get(text); err != nil || got[0] != fmt.Sprint(i) {
			t.Fatalf("%s: %v, %v", text, got, err)
		}
	}
	if _, err := texts.get(`["` + strings.Repeat("y", maxCachedText) + `"]`); err != nil {
		t.Fatal(err)
	}
	if len(texts.values) == 0 || len(texts.values) > maxCached {
		t.Errorf("%d texts are cached", len(texts.values))
	}
	for text := range texts.values {
		if len(text) > maxCachedText {
			t.Errorf("a text of %d bytes is cached", len(text))
		}
	}
}
