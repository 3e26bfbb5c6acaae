package schema

import (
	"errors"
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// ValidateAnswer checks the decoded body of an answer of the link's status, nil
// if it had none: it must be what the link's target describes, and nothing
// more.
func (l *Link) ValidateAnswer(body any) error {
	if l.answer == nil {
		if body != nil {
			return errors.New("there is a body where none is described")
		}
		return nil
	}
	return validate(l.answer, body)
}

// ValidateError checks the decoded body of an answer that is an error.
func (s *Schema) ValidateError(body any) error { return validate(s.invalid, body) }

func validate(rules func() (*jsonschema.Schema, error), body any) error {
	compiled, err := rules()
	if err != nil {
		return err
	}
	return compiled.Validate(body)
}

// AnswerExample makes a body that the link could answer with; nil if it has
// none.
func (l *Link) AnswerExample() any {
	example, _ := l.doc.example(l.target, maxReferences)
	return example
}

// Params describes the link's parameters, those that are required first.
func (l *Link) Params() []Attribute {
	all := l.doc.attributes(l.schema)
	slices.SortStableFunc(all, func(a, b Attribute) int {
		switch {
		case a.Required == b.Required:
			return 0
		case a.Required:
			return -1
		}
		return 1
	})
	return all
}

// ParamsExample is parameters that the link can be called with; empty if it
// can do without.
func (l *Link) ParamsExample() map[string]any {
	if example, ok := l.schema["example"].(object); ok {
		return maps.Clone(example)
	}
	example := object{}
	for _, a := range l.Params() {
		if a.Required {
			example[a.Name] = a.Example
		}
	}
	return example
}

// ParamsSchema is what the document says of the link's parameters, nil if it
// has none; AnswerSchema of its answer, nil if that has no body. They are not
// to be changed.
func (l *Link) ParamsSchema() map[string]any { return l.schema }

// AnswerSchema is described with ParamsSchema.
func (l *Link) AnswerSchema() map[string]any { return l.target }
