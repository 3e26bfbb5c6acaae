package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/front/schema"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// The error of an array that is too long names its length, in whatever notation it
// is sent and whatever its items are.
func TestLongArraysAreRejected(t *testing.T) {
	loaded, err := schema.Load(map[string][]byte{"thing": []byte(thing)})
	if err != nil {
		t.Fatal(err)
	}
	items := func(item string, n int) []any {
		list := make([]any, n)
		for i := range list {
			list[i] = item
		}
		return list
	}
	repeated := make(schema.Repeated, 201)
	for name, test := range map[string]struct {
		value any
		want  string
	}{
		"JSON":           {items("x", 201), "List has 201 entries, the maximum is 200"},
		"commas":         {schema.Text(strings.Repeat(",", 200)), "List has 201 entries, the maximum is 200"},
		"a literal":      {schema.Text("[" + strings.Repeat("1,", 200) + "1]"), "List has 201 entries, the maximum is 200"},
		"a long literal": {schema.Text("[" + strings.Repeat("1,", 20_000) + "1]"), "error parsing the parameter list: there are more than 20000 values"},
		"repeated":       {repeated, "List has 201 entries, the maximum is 200"},
		"as many as fit": {items("1", 200), "<nil>"},
	} {
		params := loaded.Links[0].Gather(map[string]any{"list": test.value})
		if err := loaded.Links[0].Validate(params); fmt.Sprint(err) != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}

// An array that is sent by two names is rejected if both together are too long.
func TestLongArraysByTwoNames(t *testing.T) {
	text := strings.Replace(thing, `"schema": {"type": ["object"], `, `"schema": {"type": ["object"], "aliases": {"old": "list"}, `, 1)
	loaded, err := schema.Load(map[string][]byte{"thing": []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	items := func(n int) schema.Text { return schema.Text("1" + strings.Repeat(",1", n-1)) }
	for _, test := range []struct {
		list, old int
		want      string
	}{
		{100, 100, "<nil>"}, {101, 100, "List has 201 entries, the maximum is 200"},
		{1, 201, "List has 201 entries, the maximum is 200"}, {201, 1, "List has 201 entries, the maximum is 200"},
	} {
		params := loaded.Links[0].Gather(map[string]any{"list": items(test.list), "old": items(test.old)})
		if err := loaded.Links[0].Validate(params); fmt.Sprint(err) != test.want {
			t.Errorf("%d and %d: %v, want %s", test.list, test.old, err, test.want)
		}
	}
}

// Arrays are validated in pieces. The error lists the problems of the first piece
// that has any, by their indexes in the whole array.
func TestProblemsDeepInAnArray(t *testing.T) {
	loaded, err := schema.Load(map[string][]byte{"thing": []byte(thing)})
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 49, 50, 99, 100, 130, 199} {
		list := make([]any, 200)
		for i := range list {
			list[i] = "1"
		}
		list[at] = "x"
		params := loaded.Links[0].Gather(map[string]any{"list": list, "text": "a"})
		err := loaded.Links[0].Validate(params)
		e, ok := err.(*apierr.Error)
		if want := fmt.Sprint("list.", at); !ok || len(e.Fields) != 1 || e.Fields[0].Field != want {
			t.Errorf("want a problem of %s, got %v", want, err)
		}
	}
}

func TestArraysHaveBounds(t *testing.T) {
	for _, bound := range []string{"", `"maxItems": 0,`, `"maxItems": 20000,`} {
		text := strings.Replace(thing, `"maxItems": 200,`, bound, 1)
		if _, err := schema.Load(map[string][]byte{"thing": []byte(text)}); err == nil || !strings.Contains(err.Error(), "list has no maxItems below 20000") {
			t.Errorf("%q: %v", bound, err)
		}
	}
}
