package list

import "slices"

// Of returns a slice of a list in memory. Without an attribute in the query the list
// keeps its order.
func Of[T any](all []T, attrs []Attr[T], filters []Filter[T], q Query) (Slice[T], error) {
	ownOrder := q.Attr == ""
	a, err := resolve(attrs, &q)
	if err != nil {
		return Slice[T]{}, err
	}
	if all, err = narrowed(all, filters, q); err != nil {
		return Slice[T]{}, err
	}
	ordered := all
	if !ownOrder {
		ordered = slices.Clone(all)
		slices.SortFunc(ordered, func(x, y T) int {
			if q.Desc {
				x, y = y, x
			}
			return a.compare(a.Value(x), a.Value(y))
		})
	}
	from := slices.IndexFunc(ordered, func(item T) bool { return !a.before(item, q) })
	if from < 0 {
		from = len(ordered)
	}
	end := from + slices.IndexFunc(ordered[from:], func(item T) bool { return a.after(item, q) })
	if end < from {
		end = len(ordered)
	}
	from = min(from+q.Offset, end)
	to := min(from+q.Max, end)
	w := window{total: len(all), more: to < end, beyond: to == end && end < len(ordered)}
	for i := from - 1; i >= max(0, from-q.Max) && !q.Paged; i-- {
		w.previous = append(w.previous, a.Value(ordered[i]))
	}
	items := ordered[from:to:to]
	return Slice[T]{Items: items, Info: describe(attrs, a, q, items, w)}, nil
}

// before reports whether an item comes before the query's beginning.
func (a Attr[T]) before(item T, q Query) bool {
	if q.From.Value == "" {
		return false
	}
	c := a.compare(a.Value(item), q.From.Value)
	if q.Desc {
		c = -c
	}
	return c < 0 || c == 0 && q.From.Exclusive
}

// after reports whether an item comes after the query's end.
func (a Attr[T]) after(item T, q Query) bool {
	if q.To.Value == "" {
		return false
	}
	c := a.compare(a.Value(item), q.To.Value)
	if q.Desc {
		c = -c
	}
	return c > 0 || c == 0 && q.To.Exclusive
}
