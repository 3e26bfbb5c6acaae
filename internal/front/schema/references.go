package schema

import (
	"errors"
	"fmt"
)

// checkReferences returns an error if a reference leads nowhere, or is circular.
func (d document) checkReferences() error {
	var errs []error
	var walk func(at string, part any)
	walk = func(at string, part any) {
		switch part := part.(type) {
		case []any:
			for i, item := range part {
				walk(fmt.Sprintf("%s/%d", at, i), item)
			}
		case object:
			if _, ok := part["$ref"].(string); ok && !d.leads(part) {
				errs = append(errs, fmt.Errorf("schema of %s: %s leads nowhere", at, part["$ref"]))
			}
			for name, member := range sorted(part) {
				walk(at+"/"+name, member)
			}
		}
	}
	for name, definition := range d.resources() {
		walk(name, definition)
	}
	return errors.Join(errs...)
}

// leads reports whether a chain of references ends at a schema that is no reference.
func (d document) leads(schema object) bool {
	for range maxReferences {
		ref, ok := schema["$ref"].(string)
		if !ok {
			return schema != nil
		}
		schema = d.resolve(ref)
	}
	return false
}
