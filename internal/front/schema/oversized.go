package schema

import (
	"fmt"
	"strconv"

	"github.com/rockpool-cloud/rockpool/internal/front/jsontext"
)

// oversized replaces an array with more items than its schema allows. Validate
// rejects it. The items are neither coerced nor validated: the validator needs about
// a thousand bytes for each invalid one, and a body can have half a million.
type oversized struct{ got, most int }

// findOversized returns the location of the first array in a value that is too long;
// nil if none is.
func findOversized(value any, at []string) ([]string, oversized) {
	switch v := value.(type) {
	case oversized:
		return at, v
	case []any:
		for i, item := range v {
			if found, too := findOversized(item, append(at, strconv.Itoa(i))); found != nil {
				return found, too
			}
		}
	case map[string]any:
		for name, member := range v {
			if found, too := findOversized(member, append(at, name)); found != nil {
				return found, too
			}
		}
	}
	return nil, oversized{}
}

// checkBounds returns an error if an array among a link's parameters has no maxItems,
// or one above the number of values that a body may have.
func (d document) checkBounds(at string, schema object) error {
	return d.checkBoundsOnce(at, schema, map[string]bool{})
}

// checkBoundsOnce is checkBounds without the references in resolved, which were
// resolved before: a schema may refer to itself.
func (d document) checkBoundsOnce(at string, schema object, resolved map[string]bool) error {
	if ref, ok := schema["$ref"].(string); ok {
		if resolved[ref] {
			return nil
		}
		resolved[ref] = true
		return d.checkBoundsOnce(at, d.resolve(ref), resolved)
	}
	if shape := d.shape(schema); shape.types["array"] && (shape.maxItems < 1 || shape.maxItems >= jsontext.MaxValues) {
		return fmt.Errorf("%s has no maxItems below %d", at, jsontext.MaxValues)
	}
	for step, member := range below(schema) {
		if err := d.checkBoundsOnce(at+step, member, resolved); err != nil {
			return err
		}
	}
	return nil
}
