package list_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

// item is a row: an id, and a name in another order.
type item struct {
	id   int64
	name string
}

var attrs = []list.Attr[item]{
	{Name: "id", Column: "id", Number: true, Value: func(i item) string { return strconv.FormatInt(i.id, 10) }},
	{Name: "name", Alias: "title", Column: "name", Value: func(i item) string { return i.name }},
}

// reader reads a slice of some items by their ids.
type reader func(list.Query) (list.Slice[item], error)

// table is a list of items in the database.
var table = list.Table[item]{Select: `SELECT id, name FROM items`, From: `items`, Attrs: attrs, Filters: filters,
	Scan: func(row store.Scanner) (i item, err error) {
		err = row.Scan(&i.id, &i.name)
		return i, err
	}}

// openTable makes the table, with the items in it.
func openTable(t testing.TB, items []item) *store.DB {
	t.Helper()
	ctx := context.Background()
	db, err := store.Open(ctx, storetest.Source(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	err = db.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `CREATE TABLE items (id BIGINT PRIMARY KEY, name `+storetest.Text()+` UNIQUE, shown BIGINT)`); err != nil {
			return err
		}
		// A row that the condition excludes must not be counted.
		if _, err := tx.Exec(ctx, `INSERT INTO items VALUES (0, '', 0), (1000000, 'zzz', 0)`); err != nil {
			return err
		}
		for _, i := range items {
			if _, err := tx.Exec(ctx, `INSERT INTO items VALUES ($1, $2, 1)`, i.id, i.name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// both returns the two kinds of lists with the same items.
func both(t testing.TB, items []item) map[string]reader {
	t.Helper()
	db := openTable(t, items)
	return map[string]reader{
		"memory": func(q list.Query) (list.Slice[item], error) { return list.Of(items, attrs, filters, q) },
		"table": func(q list.Query) (list.Slice[item], error) {
			return table.Read(context.Background(), db, q, `shown = $1`, 1)
		},
	}
}

func numbers(n int) []item {
	items := make([]item, n)
	for i := range items {
		items[i] = item{int64(i + 1), "n" + strconv.Itoa(1000-i)}
	}
	return items
}

func ids(s list.Slice[item]) []int64 {
	var ids []int64
	for _, i := range s.Items {
		ids = append(ids, i.id)
	}
	return ids
}

// span returns the numbers from one to another, up or down; none for zero.
func span(from, to int64) []int64 {
	var all []int64
	for i := min(from, to); i <= max(from, to) && i > 0; i++ {
		all = append(all, i)
	}
	if from > to {
		slices.Reverse(all)
	}
	return all
}

// The rows of the contract's table in section 5a, and more cases.
func TestRanges(t *testing.T) {
	for name, read := range both(t, numbers(450)) {
		for _, test := range []struct {
			header              string
			from, to            int64 // of the items; 0 for none
			content, next, prev string
		}{
			{"id ..", 1, 200, "id 1..200; max=200", "id ]200..; max=200", ""},
			{"id", 1, 200, "id 1..200; max=200", "id ]200..; max=200", ""},
			{"id ..; max=10;", 1, 10, "id 1..10; max=10", "id ]10..; max=10", ""},
			{"id ]10..; max=10", 11, 20, "id 11..20; max=10", "id ]20..; max=10", "id 1..10; max=10"},
			{"id 1..10; max=10", 1, 10, "id 1..10; max=10", "id ]10..; max=10", ""},
			{"id ]440..; max=10", 441, 450, "id 441..450; max=10", "", "id 431..440; max=10"},
			{"id ]5..; max=10", 6, 15, "id 6..15; max=10", "id ]15..; max=10", "id 1..5; max=10"},
			{"id ..; max=1000", 1, 450, "id 1..450; max=1000", "", ""},
			{"id ..; max=5000", 1, 450, "id 1..450; max=1000", "", ""},
			{"id ..; max=99999999999999999999", 1, 450, "id 1..450; max=1000", "", ""},
			{"id ..; order=desc,max=10", 450, 441, "id 450..441; max=10,order=desc", "id ]441..; max=10,order=desc", ""},
			{"id ]441..; max=10,order=desc", 440, 431, "id 440..431; max=10,order=desc", "id ]431..; max=10,order=desc", "id 450..441; max=10,order=desc"},
			{"id ..; order=desc,max=10;", 450, 441, "id 450..441; max=10,order=desc", "id ]441..; max=10,order=desc", ""},
			{"ids ..; max=1", 1, 1, "ids 1..1; max=1", "ids ]1..; max=1", ""},
			{"id 5..7", 5, 7, "id 5..7; max=200", "id ]7..; max=200", "id 1..4; max=200"},
			{"id [5..7]", 5, 7, "id 5..7; max=200", "id ]7..; max=200", "id 1..4; max=200"},
			{"id ]5..7[", 6, 6, "id 6..6; max=200", "id ]6..; max=200", "id 1..5; max=200"},
			{"id 5..100; max=2", 5, 6, "id 5..6; max=2", "id ]6..100; max=2", "id 3..4; max=2"},
			{"id 5..100[; max=2", 5, 6, "id 5..6; max=2", "id ]6..100[; max=2", "id 3..4; max=2"},
			{"id ..3", 1, 3, "id 1..3; max=200", "id ]3..; max=200", ""},
			{"id 449..", 449, 450, "id 449..450; max=200", "", "id 249..448; max=200"},
			{" \tid \t ]\t10 .. 12 ] ; max = 10 , order = asc ; ", 11, 12, "id 11..12; max=10", "id ]12..; max=10", "id 1..10; max=10"},
			{"id ..0", 0, 0, "id ..; max=200", "id ]0..; max=200", ""},
			{"id ..1[", 0, 0, "id ..; max=200", "id 1..; max=200", ""},
			{"id ]7..8[", 0, 0, "id ..; max=200", "id 8..; max=200", "id 1..7; max=200"},
			{"id ]7..7[", 0, 0, "id ..; max=200", "id ]7..; max=200", "id 1..7; max=200"},
			{"id 451..460; order=desc", 0, 0, "id ..; max=200,order=desc", "id 451..; max=200,order=desc", ""},
			{"id ]999999..", 0, 0, "id ..; max=200", "", "id 251..450; max=200"},
			{"name ]n1000..; max=2", 450, 449, "name n551..n552; max=2", "name ]n552..; max=2", "name n1000..n1000; max=2"},
			{"title ]n998..", 2, 2, "title n999..n999; max=200", "", "title n799..n998; max=200"},
			{"name ..m.", 0, 0, "name ..; max=200", "name ]m...; max=200", ""},
			{"name x..", 0, 0, "name ..; max=200", "", "name n800..n999; max=200"},
		} {
			q, ok := list.ParseRange(test.header)
			if !ok {
				t.Errorf("%s: %q is taken for no range", name, test.header)
				continue
			}
			found, err := read(q)
			if err != nil {
				t.Errorf("%s: %q: %v", name, test.header, err)
				continue
			}
			got := [4]any{ids(found), found.ContentRange, found.NextRange, found.PrevRange}
			if diff := cmp.Diff([4]any{span(test.from, test.to), test.content, test.next, test.prev}, got); diff != "" {
				t.Errorf("%s: %q (-want +got):\n%s", name, test.header, diff)
			}
			if found.Total != 450 || !slices.Equal(found.Attrs, []string{"id", "name"}) {
				t.Errorf("%s: %q: total %d, attributes %v", name, test.header, found.Total, found.Attrs)
			}
		}
	}
}

func TestAnEmptyList(t *testing.T) {
	for name, read := range both(t, nil) {
		q, _ := list.ParseRange("id ]5..; max=7")
		found, err := read(q)
		if err != nil || found.ContentRange != "id ..; max=7" || found.NextRange+found.PrevRange != "" {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
}

func TestUnsatisfiableRanges(t *testing.T) {
	for name, read := range both(t, numbers(3)) {
		for _, header := range []string{
			"nothing ..", "id ..; max=", "id ..; max=0", "id ..; max=-1", "id ..; max=x", "id ..; =1", "id ..; max", "id ..; order=foo", "id ..; color=red",
			"id x..", "id ..y", "id 7..5", "id 5", "id 1...5x", "id ]]1..", "id 1..2]]", "id 1 0..", "id 1..2..3", "id 1.. 2 .. 3", "id 99999999999999999999..", "; max=1", "..", "name b..a",
		} {
			q, ok := list.ParseRange(header)
			_, err := read(q)
			var e *apierr.Error
			if !ok || !errors.As(err, &e) || e.Kind != apierr.KindRange || !slices.Equal(e.Ranges, []string{"id", "name"}) {
				t.Errorf("%s: %q: %v, %v", name, header, ok, err)
			}
		}
	}
	for _, header := range []string{"bytes=0-99", "items=1-2"} {
		if _, ok := list.ParseRange(header); ok {
			t.Errorf("%q is taken for a range of a list", header)
		}
	}
}

// Reading by Next-Range from the start returns every item once, in order. Reading back
// by Prev-Range returns the same slices.
func TestNextAndPreviousRanges(t *testing.T) {
	lists := both(t, numbers(60))
	rapid.Check(t, func(t *rapid.T) {
		read := lists[rapid.SampledFrom([]string{"memory", "table"}).Draw(t, "kind")]
		attr := rapid.SampledFrom([]string{"id", "name"}).Draw(t, "attr")
		order := rapid.SampledFrom([]string{"asc", "desc"}).Draw(t, "order")
		most := rapid.IntRange(1, 70).Draw(t, "max")
		header := attr + " ..; max=" + strconv.Itoa(most) + ",order=" + order
		var seen []int64
		var pages [][]int64
		var back string
		for header != "" {
			q, _ := list.ParseRange(header)
			found, err := read(q)
			if err != nil {
				t.Fatalf("%q: %v", header, err)
			}
			if back = found.PrevRange; (back == "") != (len(pages) == 0) {
				t.Fatalf("%q: Prev-Range %q on page %d", header, back, len(pages))
			}
			pages, seen = append(pages, ids(found)), append(seen, ids(found)...)
			header = found.NextRange
		}
		slices.Sort(seen)
		if !slices.Equal(seen, span(1, 60)) {
			t.Fatalf("saw %v", seen)
		}
		for n := len(pages) - 2; n >= 0; n-- {
			q, _ := list.ParseRange(back)
			found, err := read(q)
			if err != nil || !slices.Equal(ids(found), pages[n]) {
				t.Fatalf("back by %q: %v, %v, want %v", back, ids(found), err, pages[n])
			}
			back = found.PrevRange
		}
	})
}

// The answer of an empty range with two ends still leads to all items.
func TestEmptyRanges(t *testing.T) {
	items := slices.DeleteFunc(numbers(40), func(i item) bool { return i.id%10 > 4 })
	lists := both(t, items)
	rapid.Check(t, func(t *rapid.T) {
		first, last := rapid.IntRange(0, 41).Draw(t, "first"), rapid.IntRange(0, 41).Draw(t, "last")
		header := "id " + rapid.SampledFrom([]string{"", "]"}).Draw(t, "from") + strconv.Itoa(first) + ".." +
			strconv.Itoa(last) + rapid.SampledFrom([]string{"", "["}).Draw(t, "to") + "; max=" +
			strconv.Itoa(rapid.IntRange(1, 9).Draw(t, "max")) + ",order=" + rapid.SampledFrom([]string{"asc", "desc"}).Draw(t, "order")
		q, _ := list.ParseRange(header)
		if found := readBoth(t, lists, q); found != nil && len(found.Items) == 0 {
			checkAround(t, lists, header, found, inOrder(items, q))
		}
	})
}

// A page has the items at its place in the list.
func TestPagesByNumber(t *testing.T) {
	items := numbers(60)
	for i := range items {
		items[i].name = "n" + strconv.Itoa(100+60-i)
	}
	lists := both(t, items)
	rapid.Check(t, func(t *rapid.T) {
		q := list.Query{Paged: true,
			Attr:   rapid.SampledFrom([]string{"id", "name"}).Draw(t, "attr"),
			Desc:   rapid.Bool().Draw(t, "desc"),
			Max:    rapid.IntRange(1, 70).Draw(t, "max"),
			Offset: rapid.OneOf(rapid.IntRange(0, 70), rapid.Just(1<<48)).Draw(t, "offset"),
		}
		up := (q.Attr == "id") != q.Desc // names are in the opposite order
		want := span(1, 60)
		if !up {
			want = span(60, 1)
		}
		want = want[min(q.Offset, 60):min(q.Offset+q.Max, 60)]
		for name, read := range lists {
			found, err := read(q)
			if err != nil || !slices.Equal(ids(found), want) || found.Total != 60 {
				t.Errorf("%s: %v of %d, %v, want %v", name, ids(found), found.Total, err, want)
			}
		}
	})
}

// A stored total is used for its own condition only.
func TestStoredTotals(t *testing.T) {
	db := openTable(t, numbers(9))
	kept := table
	kept.Totals = map[string]string{`shown = $1`: `SELECT 1000 + $1`}
	for _, test := range []struct {
		where string
		args  []any
		want  int
	}{
		{`shown = $1`, []any{1}, 1001},
		{`shown = $1`, []any{7}, 1007},
		{`shown = $1 AND id > $2`, []any{1, 4}, 5},
		{`id > $1`, []any{4}, 6}, // one that is not shown is among them
		{`shown = $1 AND id > $2`, []any{1, 400}, 0},
	} {
		found, err := kept.Read(t.Context(), db, list.Query{Max: 3}, test.where, test.args...)
		if err != nil || found.Total != test.want {
			t.Errorf("%s with %v: %d, %v, want %d", test.where, test.args, found.Total, err, test.want)
		}
	}
}
