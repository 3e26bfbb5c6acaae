package schema

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compile prepares the links, which are compiled when they are first used. To
// compile all of them would take half of the time of a start.
func (s *Schema) compile() {
	served := &compiler{document: func() document { return s.doc }}
	// Our answers and examples must have no members that the schema does not
	// describe. The document for clients does not say so, because later versions may
	// add members.
	s.strict = &compiler{document: func() document { return document(closed(object(s.doc)).(object)) }}
	for _, link := range s.Links {
		if link.target != nil {
			link.answer = s.strict.schema(link.pointer + "/targetSchema")
		}
		if link.schema != nil {
			link.rules = served.schema(link.pointer + "/schema")
		}
	}
	s.invalid = s.strict.schema("/definitions/" + errorName)
}

// Check compiles the whole schema and validates its examples. It is for tests:
// a server compiles only the links that are used.
func (s *Schema) Check() error {
	var errs []error
	fits := func(what, pointer string, example any) {
		if err := validate(s.strict.schema(pointer), example); err != nil {
			errs = append(errs, fmt.Errorf("the example of %s does not fit: %w", what, err))
		}
	}
	compiles := func(compile func() (*jsonschema.Schema, error)) {
		_, err := compile()
		errs = append(errs, err)
	}
	compiles(s.invalid)
	for _, link := range s.Links {
		if link.answer != nil {
			compiles(link.answer)
		}
		if link.rules == nil {
			continue
		}
		compiles(link.rules)
		if example, ok := link.schema["example"]; ok {
			fits(link.Route(), link.pointer+"/schema", example)
		}
	}
	for name, definition := range s.doc.resources() {
		for at, attribute := range attributesBelow(definition) {
			fits(name+at, "/definitions/"+name+at, attribute["example"])
		}
	}
	return errors.Join(errs...)
}

// compiler compiles parts of a document. It is safe for concurrent use.
type compiler struct {
	document func() document

	mu       sync.Mutex
	compiler *jsonschema.Compiler // nil before its first use
}

// schema returns a function that compiles the schema at a pointer, once.
func (c *compiler) schema(pointer string) func() (*jsonschema.Schema, error) {
	return sync.OnceValues(func() (*jsonschema.Schema, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.compiler == nil {
			made, err := c.document().compiler()
			if err != nil {
				return nil, err
			}
			c.compiler = made
		}
		return c.compiler.Compile(documentURL + "#" + pointer)
	})
}

const documentURL = "https://rockpool.invalid/schema"

// compiler returns a compiler that has the document, except for two keywords.
// "$schema" names the hyper-schema's meta-schema, which the compiler does not have;
// it has draft-04's, which differs only in links. The "id" of a resource would
// change the base of its references.
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

// closed returns a copy of a part of the document that allows no properties that it
// does not describe.
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
