package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/rockpool-cloud/rockpool/internal/apierr"
)

// Validate checks coerced parameters against the link's schema. The error is
// an apierr that names each field and its mend.
func (l *Link) Validate(params map[string]any) error {
	if l.rules == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if err := findBroken(params[name]); err != nil {
			return apierr.BadRequest("error parsing the parameter %s: %v", name, err)
		}
		if hasHuge(params[name]) {
			return apierr.Invalid(name, "%s", field([]string{name}, "holds a number that is out of all bounds").Message)
		}
	}
	err := l.rules.Validate(params)
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return err
	}
	var fields []apierr.Field
	collect(invalid, &fields)
	slices.SortStableFunc(fields, func(a, b apierr.Field) int { return strings.Compare(a.Field, b.Field) })
	fields = fields[:min(len(fields), maxFields)]
	e := apierr.Invalid(fields[0].Field, "%s", fields[0].Message)
	e.Fields = fields
	return e
}

// maxFields is how many problems an error tells at the most.
const maxFields = 20

// hasHuge reports whether a value holds a number that no attribute can be.
func hasHuge(value any) bool {
	switch v := value.(type) {
	case json.Number:
		return huge(v)
	case []any:
		return slices.ContainsFunc(v, hasHuge)
	case map[string]any:
		for _, member := range v {
			if hasHuge(member) {
				return true
			}
		}
	}
	return false
}

// huge reports whether a number is beyond the integers of 64 bits, or such that
// a validator would have to write it out in millions of digits to compare it.
func huge(n json.Number) bool {
	if _, err := n.Int64(); err == nil {
		return false
	}
	f, err := n.Float64()
	return err != nil || math.Abs(f) >= 1<<63 || len(n) > 400 || exponent(n.String()) > 400
}

// collect gathers the problems at the leaves of a validation error.
func collect(e *jsonschema.ValidationError, fields *[]apierr.Field) {
	// The branches of an anyOf say contradictory things; the whole says enough.
	_, any := e.ErrorKind.(*kind.AnyOf)
	_, one := e.ErrorKind.(*kind.OneOf)
	if len(e.Causes) > 0 && !any && !one {
		for _, cause := range e.Causes {
			collect(cause, fields)
		}
		return
	}
	if missing, ok := e.ErrorKind.(*kind.Required); ok {
		for _, name := range missing.Missing {
			*fields = append(*fields, field(append(e.InstanceLocation, name), "can't be blank"))
		}
		return
	}
	*fields = append(*fields, field(e.InstanceLocation, problem(e.ErrorKind)))
}

func field(location []string, problem string) apierr.Field {
	name := strings.Join(location, ".")
	return apierr.Field{Field: name, Message: human(name) + " " + problem}
}

// human writes a field's name as the API's sentences do: "public_key" is
// "Public key".
func human(name string) string {
	name = strings.ReplaceAll(name, "_", " ")
	first, size := utf8.DecodeRuneInString(name)
	if size == 0 {
		return "The body"
	}
	return string(unicode.ToUpper(first)) + name[size:]
}

var english = message.NewPrinter(language.English)

func problem(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Type:
		return "must be " + article(strings.Join(k.Want, " or ")) + ", not " + article(k.Got)
	case *kind.Enum:
		var words []string
		for _, word := range k.Want {
			words = append(words, fmt.Sprint(word))
		}
		return "must be one of: " + strings.Join(words, ", ")
	case *kind.MaxLength:
		return fmt.Sprintf("is too long: %d characters, the maximum is %d", k.Got, k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("has %d entries, the maximum is %d", k.Got, k.Want)
	case *kind.MinItems:
		return fmt.Sprintf("has %d entries, the minimum is %d", k.Got, k.Want)
	case *kind.Minimum:
		return fmt.Sprintf("must be at least %s", k.Want.RatString())
	case *kind.Maximum:
		return fmt.Sprintf("must be at most %s", k.Want.RatString())
	case *kind.AnyOf, *kind.OneOf:
		return "has none of the forms that are accepted"
	}
	return "is invalid: " + k.LocalizedString(english)
}

func article(noun string) string {
	switch {
	case noun == "null":
		return noun
	case strings.IndexByte("aeiou", noun[0]) >= 0:
		return "an " + noun
	}
	return "a " + noun
}
