package list

import (
	"context"
	"fmt"
	"slices"

	"github.com/rockpool-cloud/rockpool/internal/store"
)

// Table is a list in the database.
type Table[T any] struct {
	Select      string // SELECT ... FROM ..., without a WHERE
	Count       string // SELECT count(*) FROM ..., for the whole list
	Attrs       []Attr[T]
	NewestFirst bool // its own order is descending
	Scan        func(store.Scanner) (T, error)
}

// Read cuts a slice out of the rows where a condition holds. The condition's
// arguments are $1 and so on.
func (t Table[T]) Read(ctx context.Context, db store.Querier, q Query, where string, args ...any) (Slice[T], error) {
	if q.Attr == "" {
		q.Desc = t.NewestFirst
	}
	a, err := resolve(t.Attrs, &q)
	if err != nil {
		return Slice[T]{}, err
	}
	r := reading[T]{t, a, q, db, where, args}
	var w window
	if err := db.QueryRow(ctx, t.Count+" WHERE "+where, args...).Scan(&w.total); err != nil {
		return Slice[T]{}, fmt.Errorf("count a list: %w", err)
	}
	items, err := r.items(ctx)
	if err != nil {
		return Slice[T]{}, err
	}
	if len(items) > q.Max {
		items, w.more = items[:q.Max], true
	}
	if q.Paged {
		return Slice[T]{Items: items, Info: describe(t.Attrs, a, q, items, w)}, nil
	}
	if w.beyond, err = r.beyond(ctx, w.more); err != nil {
		return Slice[T]{}, err
	}
	if w.previous, err = r.previous(ctx, items); err != nil {
		return Slice[T]{}, err
	}
	return Slice[T]{Items: items, Info: describe(t.Attrs, a, q, items, w)}, nil
}

// reading is one Read under way.
type reading[T any] struct {
	table Table[T]
	attr  Attr[T]
	q     Query
	db    store.Querier
	where string
	args  []any
}

// items reads the slice, and one more if there is one.
func (r reading[T]) items(ctx context.Context) ([]T, error) {
	c := r.condition()
	c.bound(r.q.From, ">", "<", r.q.Desc)
	c.bound(r.q.To, "<", ">", r.q.Desc)
	return r.read(ctx, c, r.q.Desc, r.q.Max+1, r.q.Offset)
}

// beyond reports whether items follow the query's end.
func (r reading[T]) beyond(ctx context.Context, more bool) (bool, error) {
	if more || r.q.To.Value == "" {
		return false, nil
	}
	c := r.condition()
	c.bound(Bound{r.q.To.Value, !r.q.To.Exclusive}, ">", "<", r.q.Desc)
	found, err := r.read(ctx, c, r.q.Desc, 1, 0)
	return len(found) > 0, err
}

// previous reads the values before the slice, the nearest first.
func (r reading[T]) previous(ctx context.Context, items []T) ([]string, error) {
	c := r.condition()
	switch {
	case len(items) > 0:
		c.bound(Bound{r.attr.Value(items[0]), true}, "<", ">", r.q.Desc)
	case r.q.From.Value != "":
		c.bound(Bound{r.q.From.Value, !r.q.From.Exclusive}, "<", ">", r.q.Desc)
	default:
		return nil, nil
	}
	found, err := r.read(ctx, c, !r.q.Desc, r.q.Max, 0)
	values := make([]string, len(found))
	for i, item := range found {
		values[i] = r.attr.Value(item)
	}
	return values, err
}

func (r reading[T]) read(ctx context.Context, c *condition[T], desc bool, limit, offset int) ([]T, error) {
	order := "ASC"
	if desc {
		order = "DESC"
	}
	query := fmt.Sprintf("%s WHERE %s ORDER BY %s %s LIMIT $%d OFFSET $%d",
		r.table.Select, c.text, r.attr.Column, order, len(c.args)+1, len(c.args)+2)
	rows, err := r.db.Query(ctx, query, append(c.args, limit, offset)...)
	items, err := store.Collect(rows, err, r.table.Scan)
	if err != nil {
		return nil, fmt.Errorf("read a list: %w", err)
	}
	return items, nil
}

func (r reading[T]) condition() *condition[T] {
	return &condition[T]{attr: r.attr, text: r.where, args: slices.Clone(r.args)}
}

// condition is a WHERE clause that grows.
type condition[T any] struct {
	attr Attr[T]
	text string
	args []any
}

// bound adds one end of a range: compared by up where the list ascends, by
// down where it descends.
func (c *condition[T]) bound(b Bound, up, down string, desc bool) {
	if b.Value == "" {
		return
	}
	operator := up
	if desc {
		operator = down
	}
	if !b.Exclusive {
		operator += "="
	}
	value, _ := c.attr.parse(b.Value) // resolve has checked it
	c.args = append(c.args, value)
	c.text += fmt.Sprintf(" AND %s %s $%d", c.attr.Column, operator, len(c.args))
}
