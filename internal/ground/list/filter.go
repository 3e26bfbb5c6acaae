package list

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// Filter is a parameter that filters a list. Several filters are combined by AND.
type Filter[T any] struct {
	Name    string                          // of the parameter
	Where   string                          // condition in SQL, for a table; ? is the value
	Choices map[string]string               // or a condition for each value; an empty one is true for every row
	Match   func(item T, value string) bool // for a list in memory
	NotWith []string                        // parameters that it can't be combined with
}

// FilterNames returns the names of the filters' parameters.
func FilterNames[T any](filters []Filter[T]) []string {
	var names []string
	for _, f := range filters {
		names = append(names, f.Name)
	}
	return names
}

// WithStored returns the query with a filter's value, if it has one, converted to the
// form in which the table stores it.
func (q Query) WithStored(filter string, stored func(value string) string) Query {
	if value, ok := q.Filter[filter].(string); ok {
		q.Filter = maps.Clone(q.Filter)
		q.Filter[filter] = stored(value)
	}
	return q
}

// given returns the filters for which a query has values. The front door guarantees
// that the list has filters for all its parameters.
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

// narrow adds a query's filters to a condition in SQL.
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

// argument returns a parameter's value as an argument for SQL.
func argument(value any) any {
	if number, ok := value.(json.Number); ok {
		if n, err := number.Int64(); err == nil {
			return n
		}
	}
	return value
}

// narrowed returns the items that match a query's filters.
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
