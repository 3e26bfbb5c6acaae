package list

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// Attr is an attribute by which a list can be ordered. Its values are unique in the
// list, and have no characters with a meaning in a range: brackets, semicolons, or
// two dots in a row.
type Attr[T any] struct {
	Name   string
	Alias  string         // another name that is accepted; may be empty
	Column string         // in SQL
	Number bool           // values are integers; else texts, compared byte by byte
	Value  func(T) string // of an item
}

// Slice is the result of a query.
type Slice[T any] struct {
	Items []T
	Info
}

// Info describes a slice to a client.
type Info struct {
	Total        int      // number of items in the whole list, after its filters
	Attrs        []string // by which the list can be ordered
	ContentRange string
	NextRange    string // empty if nothing comes after
	PrevRange    string // empty if nothing comes before
}

// resolve returns the query's attribute, by its name, its alias, or the plural that
// older clients of Heroku send. It checks the query's values against the attribute.
func resolve[T any](attrs []Attr[T], q *Query) (Attr[T], error) {
	if q.invalid != nil {
		return Attr[T]{}, withAttrs(q.invalid, attrs)
	}
	if q.Attr == "" {
		q.Attr = attrs[0].Name
	}
	i := slices.IndexFunc(attrs, func(a Attr[T]) bool { return q.Attr == a.Name || q.Attr == a.Name+"s" || q.Attr == a.Alias })
	if i < 0 {
		e := apierr.RangeNotSatisfiable("Range attribute must be one of: %s", strings.Join(names(attrs), ", "))
		e.Ranges = names(attrs)
		return Attr[T]{}, e
	}
	a := attrs[i]
	for _, b := range []Bound{q.From, q.To} {
		if _, err := a.parse(b.Value); b.Value != "" && err != nil {
			return a, withAttrs(apierr.RangeNotSatisfiable("Range of %s: %q is not a number", a.Name, b.Value), attrs)
		}
	}
	if !q.Desc && q.From.Value != "" && q.To.Value != "" && a.compare(q.From.Value, q.To.Value) > 0 {
		return a, withAttrs(apierr.RangeNotSatisfiable("Range begins at %s, after its end %s", q.From.Value, q.To.Value), attrs)
	}
	return a, nil
}

func withAttrs[T any](e *apierr.Error, attrs []Attr[T]) *apierr.Error {
	e.Ranges = names(attrs)
	e.Message += "; the list has the attributes " + strings.Join(e.Ranges, ", ")
	return e
}

func names[T any](attrs []Attr[T]) []string {
	var names []string
	for _, a := range attrs {
		names = append(names, a.Name)
	}
	return names
}

// parse returns a bound's value as an argument for SQL.
func (a Attr[T]) parse(value string) (any, error) {
	if !a.Number {
		return value, nil
	}
	return strconv.ParseInt(value, 10, 64)
}

// compare compares two valid values.
func (a Attr[T]) compare(x, y string) int {
	if !a.Number {
		return cmp.Compare(x, y)
	}
	m, _ := strconv.ParseInt(x, 10, 64)
	n, _ := strconv.ParseInt(y, 10, 64)
	return cmp.Compare(m, n)
}

// window is what surrounds a slice.
type window struct {
	total    int
	more     bool     // items follow within the query's bounds
	beyond   bool     // items follow the query's end and its beginning
	previous []string // values of the up to Max items before the slice, or of the two at their ends; the nearest first
}

// describe returns a slice's Info.
func describe[T any](attrs []Attr[T], a Attr[T], q Query, items []T, w window) Info {
	info := Info{Total: w.total, Attrs: names(attrs), ContentRange: q.format("", "", false)}
	if len(w.previous) > 0 {
		// Both bounds are needed: with an end and a max alone it would be the first page.
		info.PrevRange = q.format(w.previous[len(w.previous)-1], w.previous[0], false)
	}
	if len(items) == 0 {
		if w.beyond {
			info.NextRange = q.format(a.beyond(q))
		}
		return info
	}
	last := a.Value(items[len(items)-1])
	info.ContentRange = q.format(a.Value(items[0]), last, false)
	switch {
	case w.more:
		to := q.To.Value
		if to != "" && q.To.Exclusive {
			to += "["
		}
		info.NextRange = q.format(last, to, true)
	case w.beyond:
		info.NextRange = q.format(last, "", true)
	}
	return info
}

// beyond returns the bounds of the items that follow an empty slice. They begin after
// the query's end, or at its beginning if that is later.
func (a Attr[T]) beyond(q Query) (from, to string, exclusive bool) {
	if q.From.Value != "" {
		c := a.compare(q.From.Value, q.To.Value)
		if q.Desc {
			c = -c
		}
		if c > 0 || c == 0 && q.From.Exclusive {
			return q.From.Value, "", q.From.Exclusive
		}
	}
	return q.To.Value, "", !q.To.Exclusive
}
