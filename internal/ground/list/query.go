// Package list returns slices of lists: pages by their number, or ranges of an
// attribute's values. A range costs the same deep in a list as at its start.
package list

import (
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// Query says which slice of a list a client asks for.
type Query struct {
	Attr   string // by which the list is ordered; empty for the list's own order
	From   Bound  // where the slice begins, in the order of the list
	To     Bound  // and where it ends
	Desc   bool
	Max    int  // maximum number of items
	Offset int  // number of items to skip, for pages
	Paged  bool // by page: what surrounds the slice is not needed

	// Filter has the values of the filters by their parameters, in the types that a
	// JSON decoder with UseNumber returns.
	Filter map[string]any

	invalid *apierr.Error // nil if the query is valid
}

// Bound is one end of a range of values.
type Bound struct {
	Value     string // empty if the end is open
	Exclusive bool
}

// The sizes of a range (mission, "Ranges").
const (
	DefaultMax = 200
	LargestMax = 1000
)

// ParseRange reads a Range header in the grammar of the contract's section 5a:
// attr [bracket] [first] ".." [last] [bracket] [; max=N, order=asc|desc]. It
// reports false for a range in the form of RFC 9110, "unit=...", such as bytes; lists
// ignore it. Errors in the range are returned when the query is used, because they
// name the list's attributes.
func ParseRange(header string) (q Query, ok bool) {
	q, ok, q.invalid = parseRange(header)
	return q, ok
}

func parseRange(header string) (q Query, ok bool, invalid *apierr.Error) {
	spec, params, _ := strings.Cut(header, ";")
	attr, bounds := strings.TrimSpace(spec), ""
	if i := strings.IndexAny(attr, " \t"); i >= 0 {
		attr, bounds = attr[:i], strings.TrimSpace(attr[i:])
	}
	if strings.Contains(attr, "=") {
		return Query{}, false, nil
	}
	q = Query{Attr: attr, Max: DefaultMax}
	if attr == "" {
		return q, true, apierr.RangeNotSatisfiable("Range has no attribute")
	}
	if err := q.parseBounds(bounds); err != nil {
		return q, true, err
	}
	for param := range strings.FieldsFuncSeq(params, func(r rune) bool { return r == ',' || r == ';' }) {
		if err := q.parseParam(param); err != nil {
			return q, true, err
		}
	}
	return q, true, nil
}

func (q *Query) parseBounds(text string) *apierr.Error {
	if text == "" { // Heroku's clients omit the dots if both ends are open
		return nil
	}
	dots := strings.LastIndex(text, "..") // the first value may end in a dot, and NextRange has such values
	if dots < 0 {
		return apierr.RangeNotSatisfiable("Range must have .. between its first and its last value")
	}
	first, last := strings.TrimSpace(text[:dots]), strings.TrimSpace(text[dots+len(".."):])
	q.From.Value, q.From.Exclusive = strings.CutPrefix(first, "]")
	if !q.From.Exclusive {
		q.From.Value = strings.TrimPrefix(first, "[")
	}
	q.To.Value, q.To.Exclusive = strings.CutSuffix(last, "[")
	if !q.To.Exclusive {
		q.To.Value = strings.TrimSuffix(last, "]")
	}
	// Spaces inside a value belong to it.
	q.From.Value, q.To.Value = strings.TrimSpace(q.From.Value), strings.TrimSpace(q.To.Value)
	if strings.Contains(q.From.Value, "..") {
		return apierr.RangeNotSatisfiable("Range has .. twice")
	}
	if strings.ContainsAny(q.From.Value+q.To.Value, "[]") {
		return apierr.RangeNotSatisfiable("Range has a bracket where none can be")
	}
	return nil
}

func (q *Query) parseParam(param string) *apierr.Error {
	param = strings.TrimSpace(param)
	if param == "" {
		return nil
	}
	name, value, _ := strings.Cut(param, "=")
	value = strings.TrimSpace(value)
	switch strings.TrimSpace(name) {
	case "max":
		n, err := strconv.ParseUint(value, 10, 31)
		if err != nil && strings.Trim(value, "0123456789") == "" && value != "" {
			n, err = LargestMax, nil // too large for an integer
		}
		if err != nil || n == 0 {
			return apierr.RangeNotSatisfiable("Range's max must be a number from 1 to %d", LargestMax)
		}
		q.Max = int(min(n, LargestMax))
	case "order":
		if value != "asc" && value != "desc" {
			return apierr.RangeNotSatisfiable("Range's order must be asc or desc")
		}
		q.Desc = value == "desc"
	default:
		return apierr.RangeNotSatisfiable("Range knows max and order, not %q", param)
	}
	return nil
}

// format formats a range as in the header. The bounds are in the order of the list.
func (q Query) format(from, to string, exclusive bool) string {
	var b strings.Builder
	b.WriteString(q.Attr + " ")
	if exclusive {
		b.WriteByte(']')
	}
	b.WriteString(from + ".." + to)
	b.WriteString("; max=" + strconv.Itoa(q.Max))
	if q.Desc {
		b.WriteString(",order=desc")
	}
	return b.String()
}
