package list_test

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
)

// FuzzParseRange reads any range from both kinds of lists. Both return the same, and
// the ranges that they return lead to the items before and after.
func FuzzParseRange(f *testing.F) {
	for _, seed := range []string{
		"id ..", "id", "id ]10..20[; max=10,order=desc;", "id ]3.. ;max=2", "id 1..4; max=2,order=desc", "ids [5..7]; max=1", "title ..n995",
		"version; order=desc,max=10;", "bytes=0-1", "; ;,,=", "a ]..[", "a [..]", "name a b..; max=1", "name ]n990..n999[; max=3", "name é..", "id ]..[",
		"id ]10 .. 20[ ; max = 10 ; order = desc", "id\t..\t5", "id 1..2..3", "name ..a..b", "id ..9223372036854775807", "id -1..; max=1;order=desc", "id 5..1; order=desc",
		"name \xff..\x00", "id ..; max=99999999999999999999", "id ..; max=0", "id ..; order=DESC",
		"id ..0", "id ..1[", "id ]3..4[", "id ]14..14[", "id 1..5; order=desc", "id 15..16; order=desc", "name n990a..n990b", "name ..a; order=desc",
		"name ...", "name ....", "name .. a.", "name ..n990.; order=desc", "name n990....n991",
	} {
		f.Add(seed)
	}
	items := append(numbers(10), item{11, "a b"}, item{12, "a  b c"}, item{13, "é"}, item{14, "a"})
	lists := both(f, items)
	f.Fuzz(func(t *testing.T, header string) {
		q, ok := list.ParseRange(header)
		if !ok {
			return
		}
		found := readBoth(t, lists, q)
		if found == nil {
			return
		}
		ordered := inOrder(items, q)
		if len(found.Items) == 0 {
			checkAround(t, lists, header, found, ordered)
			return
		}
		again := readRange(t, lists, found.ContentRange)
		if !slices.Equal(ids(again), ids(*found)) || again.ContentRange != found.ContentRange || again.PrevRange != found.PrevRange ||
			(again.NextRange == "") != (found.NextRange == "") {
			t.Errorf("%q: by its own Content-Range %q:\n%+v\n%+v", header, found.ContentRange, found, again)
		}
		first, after := slices.Index(ordered, found.Items[0]), slices.Index(ordered, found.Items[len(found.Items)-1])+1
		if !slices.Equal(ordered[first:after], found.Items) || len(found.Items) > q.Max {
			t.Errorf("%q: %v is no slice of %v", header, found.Items, ordered)
		}
		if found.NextRange == "" {
			if after < len(ordered) {
				t.Errorf("%q: nothing leads beyond %v", header, found.Items)
			}
		} else if next := readRange(t, lists, found.NextRange); len(next.Items) == 0 || next.Items[0] != ordered[after] {
			t.Errorf("%q: Next-Range %q leads from %v to %v", header, found.NextRange, found.Items, next.Items)
		}
		if found.PrevRange == "" {
			if first > 0 {
				t.Errorf("%q: nothing leads before %v", header, found.Items)
			}
		} else if before := readRange(t, lists, found.PrevRange); !slices.Equal(before.Items, ordered[max(0, first-q.Max):first]) {
			t.Errorf("%q: Prev-Range %q leads from %v to %v", header, found.PrevRange, found.Items, before.Items)
		}
	})
}

// inOrder sorts items as a query asks.
func inOrder(items []item, q list.Query) []item {
	attribute := func(i item) string { return strconv.FormatInt(i.id+100, 10) }
	if q.Attr == "name" || q.Attr == "names" || q.Attr == "title" {
		attribute = func(i item) string { return i.name }
	}
	ordered := slices.SortedFunc(slices.Values(items), func(x, y item) int { return cmp.Compare(attribute(x), attribute(y)) })
	if q.Desc {
		slices.Reverse(ordered)
	}
	return ordered
}

// checkAround fails the test unless the ranges of an empty slice lead to all items
// before and after it.
func checkAround(t fataler, lists map[string]reader, header string, found *list.Slice[item], ordered []item) {
	t.Helper()
	at := 0
	if found.PrevRange != "" {
		before := readRange(t, lists, found.PrevRange).Items
		if len(before) == 0 {
			t.Errorf("%q: Prev-Range %q leads to nothing", header, found.PrevRange)
			return
		}
		at = slices.Index(ordered, before[len(before)-1]) + 1
	}
	if found.NextRange == "" {
		if at < len(ordered) {
			t.Errorf("%q: nothing leads to %v", header, ordered[at:])
		}
	} else if next := readRange(t, lists, found.NextRange); at == len(ordered) || len(next.Items) == 0 || next.Items[0] != ordered[at] {
		t.Errorf("%q: Next-Range %q leads to %v of %v", header, found.NextRange, next.Items, ordered)
	}
}

// fataler is a test, or a check of one.
type fataler interface {
	Helper()
	Errorf(string, ...any)
	Fatalf(string, ...any)
}

// readBoth reads a slice from both lists, which must be equal; nil if both return an
// error.
func readBoth(t fataler, lists map[string]reader, q list.Query) *list.Slice[item] {
	t.Helper()
	fromMemory, memoryErr := lists["memory"](q)
	fromTable, tableErr := lists["table"](q)
	if memoryErr != nil || tableErr != nil {
		var e, other *apierr.Error
		if !errors.As(memoryErr, &e) || !errors.As(tableErr, &other) || e.Kind != apierr.KindRange || e.Message != other.Message || len(e.Ranges) != 2 {
			t.Errorf("%+v: refused as %v and %v", q, memoryErr, tableErr)
		}
		return nil
	}
	if diff := gocmp.Diff(fromMemory.Info, fromTable.Info); diff != "" || !slices.Equal(fromMemory.Items, fromTable.Items) {
		t.Errorf("%+v: memory %v, table %v, (-memory +table):\n%s", q, fromMemory.Items, fromTable.Items, diff)
	}
	return &fromMemory
}

// readRange reads by a range that an answer had.
func readRange(t fataler, lists map[string]reader, header string) list.Slice[item] {
	t.Helper()
	q, ok := list.ParseRange(header)
	if !ok {
		t.Fatalf("%q is no range", header)
	}
	found := readBoth(t, lists, q)
	if found == nil {
		t.Fatalf("%q is refused", header)
	}
	return *found
}
