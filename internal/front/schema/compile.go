package schema

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compile readies the links' parameters to be validated, and refuses examples
// that are none. Answers are only checked by tests, so what that takes is made
// when it is first asked for.
func (s *Schema) compile() error {
	served, err := s.doc.compiler()
	if err != nil {
		return err
	}
	// What we describe is described whole: in answers of ours and in examples
	// an unknown member is a mistake. Clients see the open document, so that
	// members may be added.
	strict, err := document(closed(object(s.doc)).(object)).compiler()
	if err != nil {
		return err
	}
	var errs []error
	compile := func(c *jsonschema.Compiler, pointer string) *jsonschema.Schema {
		compiled, err := c.Compile(documentURL + "#" + pointer)
		errs = append(errs, err)
		return compiled
	}
	answers := &compiler{compiler: strict}
	for _, link := range s.Links {
		if link.target != nil {
			link.answer = answers.schema(link.pointer + "/targetSchema")
		}
		if link.schema == nil {
			continue
		}
		link.rules = compile(served, link.pointer+"/schema")
		if example, ok := link.schema["example"]; ok {
			if err := compile(strict, link.pointer+"/schema").Validate(example); err != nil {
				errs = append(errs, fmt.Errorf("the example of %s does not fit: %w", link.Route(), err))
			}
		}
	}
	for name, definition := range s.doc.resources() {
		for at, attribute := range attributesBelow(definition) {
			compiled, err := strict.Compile(documentURL + "#/definitions/" + name + at)
			if err == nil {
				err = compiled.Validate(attribute["example"])
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("the example of %s%s does not fit: %w", name, at, err))
			}
		}
	}
	s.invalid = answers.schema("/definitions/" + errorName)
	return errors.Join(errs...)
}

// compiler is one that several may use at once.
type compiler struct {
	mu       sync.Mutex
	compiler *jsonschema.Compiler
}

// schema returns what compiles the schema at a pointer, once.
func (c *compiler) schema(pointer string) func() (*jsonschema.Schema, error) {
	return sync.OnceValues(func() (*jsonschema.Schema, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.compiler.Compile(documentURL + "#" + pointer)
	})
}

const documentURL = "https://rockpool.invalid/schema"

// compiler returns a compiler that knows the document. Without "$schema": the
// hyper-schema's own meta-schema is not among those that the compiler carries,
// draft-04's is and says the same of everything but links. And without the
// resources' ids, which would change what their references are relative to.
func (d document) compiler() (*jsonschema.Compiler, error) {
	definitions := object{}
	for name, definition := range d.resources() {
		definitions[name] = without(definition, "id")
	}
	copied := without(object(d), "$schema")
	copied["definitions"] = definitions
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft4)
	return compiler, compiler.AddResource(documentURL, copied)
}

// closed copies a part of the document, its objects closed to properties that
// it does not describe.
func closed(part any) any {
	switch part := part.(type) {
	case []any:
		copied := make([]any, len(part))
		for i, item := range part {
			copied[i] = closed(item)
		}
		return copied
	case object:
		copied := make(object, len(part)+1)
		for name, member := range part {
			if name == "example" || name == "enum" { // values, not schemas
				copied[name] = member
				continue
			}
			copied[name] = closed(member)
		}
		if _, isObject := part["properties"].(object); isObject && part["additionalProperties"] == nil && slices.Contains(strs(part["type"]), "object") {
			copied["additionalProperties"] = false
		}
		return copied
	}
	return part
}
