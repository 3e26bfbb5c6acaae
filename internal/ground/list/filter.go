package list

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// Filter is a parameter that a list can be narrowed by. Several of them hold
// together.
type Filter[T any] struct {
	Name    string                          // of the parameter
	Where   string                          // in SQL, for a table; ? stands for the value
	Choices map[string]string               // or conditions by the value; an empty one holds for every row
	Match   func(item T, value string) bool // for a list that is held whole
	NotWith []string                        // parameters that make no sense beside it
}

// FilterNames returns the parameters of some filters.
func FilterNames[T any](filters []Filter[T]) []string {
	var names []string
	for _, f := range filters {
		names = append(names, f.Name)
	}
	return names
}

// Keeping returns the query with a filter's value, if it has one, as the list
// keeps it.
func (q Query) Keeping(filter string, kept func(value string) string) Query {
	if value, ok := q.Filter[filter].(string); ok {
		q.Filter = maps.Clone(q.Filter)
		q.Filter[filter] = kept(value)
	}
	return q
}

// given returns the filters that a query has values for. Its other parameters
// are no filters of the list, which the front door has seen to.
func given[T any](filters []Filter[T], q Query) ([]Filter[T], error) {
	var found []Filter[T]
	for _, f := range filters {
		if q.Filter[f.Name] == nil {
			continue
		}
		if slices.ContainsFunc(f.NotWith, func(other string) bool { return q.Filter[other] != nil }) {
			name := strings.ReplaceAll(f.Name, "_", " ")
			return nil, apierr.Invalid(f.Name, "%s can't be combined with %s", strings.ToUpper(name[:1])+name[1:], strings.Join(f.NotWith, " or "))
		}
		found = append(found, f)
	}
	return found, nil
}

// narrow adds a query's filters to a condition.
func (t Table[T]) narrow(q Query, where string, args []any) (string, []any, error) {
	filters, err := given(t.Filters, q)
	if err != nil {
		return "", nil, err
	}
	c := condition[T]{text: where, args: slices.Clone(args)}
	for _, f := range filters {
		value := q.Filter[f.Name]
		text := f.Where
		if f.Choices != nil {
			choice, known := f.Choices[fmt.Sprint(value)]
			if !known {
				return "", nil, fmt.Errorf("the filter %s has no condition for %v", f.Name, value)
			}
			text = choice
		}
		if strings.Contains(text, "?") {
			text = strings.ReplaceAll(text, "?", c.arg(argument(value)))
		}
		if text != "" {
			c.text += " AND " + text
		}
	}
	return c.text, c.args, nil
}

// argument is a parameter's value as SQL takes it.
func argument(value any) any {
	if number, ok := value.(json.Number); ok {
		if n, err := number.Int64(); err == nil {
			return n
		}
	}
	return value
}

// narrowed returns the items that a query's filters let through.
func narrowed[T any](all []T, filters []Filter[T], q Query) ([]T, error) {
	filters, err := given(filters, q)
	if err != nil || len(filters) == 0 {
		return all, err
	}
	var matching []T
	for _, item := range all {
		if !slices.ContainsFunc(filters, func(f Filter[T]) bool { return !f.Match(item, fmt.Sprint(q.Filter[f.Name])) }) {
			matching = append(matching, item)
		}
	}
	return matching, nil
}
