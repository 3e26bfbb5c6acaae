package schema

import (
	"fmt"
	"strconv"

	"github.com/rockpool-cloud/rockpool/internal/front/jsontext"
)

// oversized stands for an array with more items than its schema allows, until
// Validate refuses it. Its items are neither coerced nor checked: each that is
// wrong would take a thousand bytes to tell, and a body has room for half a
// million.
type oversized struct{ got, most int }

// findOversized returns where in the value at a location an array is too long;
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

// checkBounds refuses arrays among a link's parameters without a maxItems, or
// with one that no text of JSON may reach.
func (d document) checkBounds(at string, schema object) error {
	return d.checkBoundsOnce(at, schema, map[string]bool{})
}

// checkBoundsOnce is checkBounds without the references that were followed
// before: a schema may refer to itself.
func (d document) checkBoundsOnce(at string, schema object, followed map[string]bool) error {
	if ref, ok := schema["$ref"].(string); ok {
		if followed[ref] {
			return nil
		}
		followed[ref] = true
		return d.checkBoundsOnce(at, d.resolve(ref), followed)
	}
	if shape := d.shape(schema); shape.types["array"] && (shape.maxItems < 1 || shape.maxItems >= jsontext.MaxValues) {
		return fmt.Errorf("%s has no maxItems below %d", at, jsontext.MaxValues)
	}
	for step, member := range below(schema) {
		if err := d.checkBoundsOnce(at+step, member, followed); err != nil {
			return err
		}
	}
	return nil
}
