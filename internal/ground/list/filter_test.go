package list_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
)

var filters = []list.Filter[item]{
	{Name: "name", Where: `lower(name) = lower(?)`, Match: func(i item, value string) bool { return strings.EqualFold(i.name, value) }},
	{Name: "rest", Where: `id % 7 = ?`, Match: func(i item, value string) bool { return strconv.FormatInt(i.id%7, 10) == value }},
	{Name: "half", Choices: map[string]string{"any": "", "lower": "id <= 30", "upper": "id > 30"}, Match: func(i item, value string) bool {
		return value == "any" || (value == "lower") == (i.id <= 30)
	}},
	{Name: "even", Where: `(id % 2 = 0) = ?`, Match: func(i item, value string) bool { return strconv.FormatBool(i.id%2 == 0) == value }, NotWith: []string{"name", "rest"}},
}

// Reading a filtered list by ranges or by pages returns each matching row once. The
// total counts those rows.
func TestFilters(t *testing.T) {
	lists := both(t, numbers(60))
	rapid.Check(t, func(t *rapid.T) {
		read := lists[rapid.SampledFrom([]string{"memory", "table"}).Draw(t, "kind")]
		filter, want := map[string]any{}, span(1, 60)
		keep := func(matches func(id int64) bool) {
			want = slices.DeleteFunc(want, func(id int64) bool { return !matches(id) })
		}
		if rapid.Bool().Draw(t, "by half") {
			half := rapid.SampledFrom([]string{"any", "lower", "upper"}).Draw(t, "half")
			filter["half"] = half
			keep(func(id int64) bool { return half == "any" || (half == "lower") == (id <= 30) })
		}
		if rapid.Bool().Draw(t, "by parity") {
			even := rapid.Bool().Draw(t, "even")
			filter["even"] = even
			keep(func(id int64) bool { return (id%2 == 0) == even })
		} else if rapid.Bool().Draw(t, "by rest") {
			rest := rapid.Int64Range(0, 7).Draw(t, "rest")
			filter["rest"] = json.Number(strconv.FormatInt(rest, 10))
			keep(func(id int64) bool { return id%7 == rest })
		}
		most := rapid.IntRange(1, 40).Draw(t, "max")
		check := func(how string, seen []int64) {
			slices.Sort(seen)
			if !slices.Equal(seen, want) {
				t.Fatalf("%s under %v: saw %v, want %v", how, filter, seen, want)
			}
		}
		next := func(q list.Query) list.Slice[item] {
			q.Filter = filter
			found, err := read(q)
			if err != nil || found.Total != len(want) {
				t.Fatalf("%+v: total %d, %v, want %d", q, found.Total, err, len(want))
			}
			return found
		}
		var seen []int64
		attr := rapid.SampledFrom([]string{"id", "name"}).Draw(t, "attr")
		order := rapid.SampledFrom([]string{"asc", "desc"}).Draw(t, "order")
		for header := attr + " ..; max=" + strconv.Itoa(most) + ",order=" + order; header != ""; {
			q, _ := list.ParseRange(header)
			found := next(q)
			seen, header = append(seen, ids(found)...), found.NextRange
		}
		check("ranges", seen)
		seen = nil
		for offset := 0; offset < max(1, len(want)); offset += most {
			seen = append(seen, ids(next(list.Query{Paged: true, Max: most, Offset: offset}))...)
		}
		check("pages", seen)
	})
}

func TestFilterValues(t *testing.T) {
	for name, read := range both(t, numbers(60)) {
		for _, test := range []struct {
			filter map[string]any
			want   []int64
		}{
			{map[string]any{"name": "N999"}, []int64{2}},
			{map[string]any{"name": "n' OR 1=1 --"}, nil},
			{map[string]any{"name": "n999", "half": "upper"}, nil},
			{map[string]any{"name": "n999", "half": "lower", "rest": json.Number("2")}, []int64{2}},
			{map[string]any{"unheard of": "x", "name": "n999"}, []int64{2}},
		} {
			found, err := read(list.Query{Max: 10, Filter: test.filter})
			if err != nil || !slices.Equal(ids(found), test.want) {
				t.Errorf("%s: %v: %v, %v, want %v", name, test.filter, ids(found), err, test.want)
			}
		}
		_, err := read(list.Query{Max: 10, Filter: map[string]any{"even": true, "rest": json.Number("1")}})
		var e *apierr.Error
		if !errors.As(err, &e) || e.Kind != apierr.KindInvalid || e.Message != "Even can't be combined with name or rest" {
			t.Errorf("%s: what can't be combined: %v", name, err)
		}
	}
}
