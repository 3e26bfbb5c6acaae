package list

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Table is a list in the database.
type Table[T any] struct {
	Select      string // SELECT ... FROM ..., without a WHERE
	From        string // the tables that conditions need, for counting and skipping items
	Attrs       []Attr[T]
	Filters     []Filter[T]
	NewestFirst bool // the list's own order is descending
	Scan        func(store.Scanner) (T, error)

	// Totals has, for some conditions, a query for the number of items, which has the
	// condition's arguments. For other conditions Read counts the items, which takes
	// longer the more there are.
	Totals map[string]string
}

// Read returns a slice of the rows that match a condition and the query's filters.
// The condition's arguments are $1 and so on.
func (t Table[T]) Read(ctx context.Context, db store.Querier, q Query, where string, args ...any) (Slice[T], error) {
	if q.Attr == "" {
		q.Desc = t.NewestFirst
	}
	a, err := resolve(t.Attrs, &q)
	if err != nil {
		return Slice[T]{}, err
	}
	if where, args, err = t.narrow(q, where, args); err != nil {
		return Slice[T]{}, err
	}
	r := reading[T]{t, a, q, db, where, args}
	var w window
	if w.total, err = t.Total(ctx, db, where, args...); err != nil {
		return Slice[T]{}, err
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

// Total returns the number of rows that match a condition.
func (t Table[T]) Total(ctx context.Context, db store.Querier, where string, args ...any) (total int, err error) {
	query, ok := t.Totals[where]
	if !ok {
		query = "SELECT count(*) FROM " + t.From + " WHERE " + where
	}
	if err := db.QueryRow(ctx, query, args...).Scan(&total); err != nil {
		return 0, fmt.Errorf("count a list: %w", err)
	}
	return total, nil
}

// reading is one call of Read.
type reading[T any] struct {
	table Table[T]
	attr  Attr[T]
	q     Query
	db    store.Querier
	where string
	args  []any
}

// items reads the slice, and one item more if there is one.
func (r reading[T]) items(ctx context.Context) ([]T, error) {
	c := r.condition()
	c.bound(r.q.From, ">", "<", r.q.Desc)
	c.bound(r.q.To, "<", ">", r.q.Desc)
	if r.q.Offset > 0 {
		r.skip(c)
	}
	query := fmt.Sprintf("%s WHERE %s ORDER BY %s LIMIT %s", r.table.Select, c.text, r.order(r.q.Desc), c.arg(r.q.Max+1))
	rows, err := r.db.Query(ctx, query, c.args...)
	items, err := store.Collect(rows, err, r.table.Scan)
	if err != nil {
		return nil, fmt.Errorf("read a list: %w", err)
	}
	return items, nil
}

// skip adds to a condition that items begin at the query's offset. It skips the items
// before by an index alone. An OFFSET of the whole query would read each of them, and
// all rows that are joined to it.
func (r reading[T]) skip(c *condition[T]) {
	operator := ">="
	if r.q.Desc {
		operator = "<="
	}
	c.text += fmt.Sprintf(" AND %s %s (SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT 1 OFFSET %s)",
		r.attr.Column, operator, r.attr.Column, r.table.From, c.text, r.order(r.q.Desc), c.arg(r.q.Offset))
}

// beyond reports whether items follow the query's end.
func (r reading[T]) beyond(ctx context.Context, more bool) (found bool, err error) {
	if more || r.q.To.Value == "" {
		return false, nil
	}
	c := r.condition()
	c.bound(r.q.From, ">", "<", r.q.Desc) // the beginning may come after the end
	c.bound(Bound{r.q.To.Value, !r.q.To.Exclusive}, ">", "<", r.q.Desc)
	query := fmt.Sprintf("SELECT EXISTS (SELECT 1 FROM %s WHERE %s)", r.table.From, c.text)
	if err := r.db.QueryRow(ctx, query, c.args...).Scan(&found); err != nil {
		return false, fmt.Errorf("look beyond a range: %w", err)
	}
	return found, nil
}

// previous returns the last and the first value of the slice before; none if there is
// no item before.
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
	var nearest, furthest sql.NullString
	lowest, highest := &furthest, &nearest
	if r.q.Desc {
		lowest, highest = highest, lowest
	}
	query := fmt.Sprintf("SELECT min(value), max(value) FROM (SELECT %s AS value FROM %s WHERE %s ORDER BY %s LIMIT %s) AS nearest",
		r.attr.Column, r.table.From, c.text, r.order(!r.q.Desc), c.arg(r.q.Max))
	if err := r.db.QueryRow(ctx, query, c.args...).Scan(lowest, highest); err != nil {
		return nil, fmt.Errorf("look before a range: %w", err)
	}
	if !nearest.Valid {
		return nil, nil
	}
	return []string{nearest.String, furthest.String}, nil
}

func (r reading[T]) order(desc bool) string {
	if desc {
		return r.attr.Column + " DESC"
	}
	return r.attr.Column + " ASC"
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

// bound adds one end of a range. Values are compared by the operator up if the list
// ascends, and by down if it descends.
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
	c.text += fmt.Sprintf(" AND %s %s %s", c.attr.Column, operator, c.arg(value))
}

// arg adds an argument and returns its name.
func (c *condition[T]) arg(value any) string {
	c.args = append(c.args, value)
	return "$" + strconv.Itoa(len(c.args))
}
