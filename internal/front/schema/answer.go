package schema

import (
	"errors"
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// ValidateAnswer validates the decoded body of an answer of the link's status, nil
// if it had none, against the link's target. Members that the target does not
// describe are errors.
func (l *Link) ValidateAnswer(body any) error {
	if l.answer == nil {
		if body != nil {
			return errors.New("there is a body where none is described")
		}
		return nil
	}
	return validate(l.answer, body)
}

// ValidateError validates the decoded body of an answer that is an error.
func (s *Schema) ValidateError(body any) error { return validate(s.invalid, body) }

func validate(rules func() (*jsonschema.Schema, error), body any) error {
	compiled, err := rules()
	if err != nil {
		return err
	}
	return compiled.Validate(body)
}

// AnswerExample returns an example of the body of the link's answer; nil if it has
// none.
func (l *Link) AnswerExample() any {
	example, _ := l.doc.example(l.target, maxReferences)
	return example
}

// Params returns the link's parameters, the required ones first.
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

// ParamsExample returns an example of the link's parameters; empty if it needs none.
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

// ParamsSchema returns the schema of the link's parameters; nil if it has none. The
// caller must not change it.
func (l *Link) ParamsSchema() map[string]any { return l.schema }

// AnswerSchema returns the schema of the body of the link's answer; nil if it has
// none. The caller must not change it.
func (l *Link) AnswerSchema() map[string]any { return l.target }
