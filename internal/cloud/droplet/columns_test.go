package droplet

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTextsOfAColumn(t *testing.T) {
	for range 2 { // decoded, then remembered
		for text, want := range map[string][]string{
			`[]`:              {},
			`["a","b\"","c"]`: {"a", `b"`, "c"},
			`["` + strings.Repeat("x", 2*maxKnownText) + `"]`: {strings.Repeat("x", 2*maxKnownText)},
		} {
			got, err := texts.of(text)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%.20s: %v (-want +got):\n%s", text, err, diff)
			}
			again, _ := texts.of(text)
			mine := append(got, "mine")
			if yours := append(again, "yours"); mine[len(want)] != "mine" || yours[len(want)] != "yours" {
				t.Errorf("%.20s: what one appends the other sees", text)
			}
		}
		if got, err := texts.of(`["a"`); err == nil {
			t.Errorf("half a list is %v", got)
		}
	}
}

func TestImagesOfAColumn(t *testing.T) {
	const text = `{"id":1,"regions":["a","b","c"],"tags":["d","e","f"]}`
	var lists [][]string
	for range 2 { // decoded, then remembered
		view, err := images.of(text)
		if err != nil {
			t.Fatal(err)
		}
		lists = append(lists, view.Regions, view.Tags)
	}
	for i, want := range [][]string{{"a", "b", "c"}, {"d", "e", "f"}} {
		mine, yours := append(lists[i], "mine"), append(lists[i+2], "yours")
		if !slices.Equal(mine, append(want, "mine")) || !slices.Equal(yours, append(want, "yours")) {
			t.Errorf("what one appends to %v the other sees: %v, %v", want, mine, yours)
		}
	}
}

func TestWhatIsRememberedOfColumnsIsBounded(t *testing.T) {
	for i := range 2 * maxKnown {
		text := fmt.Sprintf(`["%d"]`, i)
		if got, err := texts.of(text); err != nil || got[0] != fmt.Sprint(i) {
			t.Fatalf("%s: %v, %v", text, got, err)
		}
	}
	if _, err := texts.of(`["` + strings.Repeat("y", maxKnownText) + `"]`); err != nil {
		t.Fatal(err)
	}
	if len(texts.known) == 0 || len(texts.known) > maxKnown {
		t.Errorf("%d texts are remembered", len(texts.known))
	}
	for text := range texts.known {
		if len(text) > maxKnownText {
			t.Errorf("a text of %d bytes is remembered", len(text))
		}
	}
}
