package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// Validate validates coerced parameters against the link's schema. The error is an
// *apierr.Error that says for each field what is wrong.
func (l *Link) Validate(params map[string]any) error {
	if l.rules == nil {
		return nil
	}
	// Values that would be expensive or dangerous to validate are rejected first.
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if err := findBroken(params[name]); err != nil {
			return apierr.BadRequest("error parsing the parameter %s: %v", name, err)
		}
		if at, too := findOversized(params[name], []string{name}); at != nil {
			f := field(at, problem(&kind.MaxItems{Got: too.got, Want: too.most}))
			return apierr.Invalid(f.Field, "%s", f.Message)
		}
		if hasHuge(params[name]) {
			return apierr.Invalid(name, "%s", field([]string{name}, "holds a number that is out of all bounds").Message)
		}
		if hasNUL(params[name]) {
			return apierr.Invalid(name, "%s", field([]string{name}, "must not hold NUL characters").Message)
		}
	}
	fields, err := l.check(params)
	if len(fields) == 0 || err != nil {
		return err
	}
	slices.SortStableFunc(fields, func(a, b apierr.Field) int { return strings.Compare(a.Field, b.Field) })
	fields = fields[:min(len(fields), maxFields)]
	e := apierr.Invalid(fields[0].Field, "%s", fields[0].Message)
	e.Fields = fields
	return e
}

// piece is how many items of an array are validated at once. The validator reports
// every problem, and allocates hundreds of bytes for each.
const piece = 50

// check returns the problems of parameters. It validates arrays in pieces, and stops
// after the first piece with a problem.
func (l *Link) check(params map[string]any) ([]apierr.Field, error) {
	longest := 0
	for _, value := range params {
		if list, ok := value.([]any); ok {
			longest = max(longest, len(list))
		}
	}
	rules, err := l.rules()
	if err != nil {
		return nil, err
	}
	for start := 0; ; start += piece {
		err := rules.Validate(cut(params, start))
		var invalid *jsonschema.ValidationError
		switch {
		case errors.As(err, &invalid):
			var fields []apierr.Field
			collect(invalid, start, &fields)
			return fields, nil
		case err != nil || start+piece >= longest:
			return nil, err
		}
	}
}

// cut returns the parameters with one piece of each long array: the piece that begins
// at start, or the first piece if the array ends before start.
func cut(params map[string]any, start int) map[string]any {
	part := maps.Clone(params)
	for name, value := range part {
		if list, _ := value.([]any); len(list) > piece {
			from := start
			if from >= len(list) {
				from = 0
			}
			part[name] = list[from:min(from+piece, len(list))]
		}
	}
	return part
}

// maxFields is the maximum number of problems in an error.
const maxFields = 20

// hasHuge reports whether a value has a number that is huge.
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

// hasNUL reports whether a value has a text with the character NUL. PostgreSQL can't
// store it, and programs in guests end a text there.
func hasNUL(value any) bool {
	switch v := value.(type) {
	case string:
		return strings.ContainsRune(v, 0)
	case []any:
		return slices.ContainsFunc(v, hasNUL)
	case map[string]any:
		for name, member := range v {
			if strings.ContainsRune(name, 0) || hasNUL(member) {
				return true
			}
		}
	}
	return false
}

// huge reports whether a number is beyond the integers of 64 bits, or has so large an
// exponent that the validator would need millions of digits to compare it.
func huge(n json.Number) bool {
	if _, err := n.Int64(); err == nil {
		return false
	}
	f, err := n.Float64()
	return err != nil || math.Abs(f) >= 1<<63 || len(n) > 400 || exponent(n.String()) > 400
}

// collect appends the problems at the leaves of a validation error. The parameters'
// arrays were cut at start.
func collect(e *jsonschema.ValidationError, start int, fields *[]apierr.Field) {
	// The branches of an anyOf have contradictory problems, so only the anyOf is reported.
	_, any := e.ErrorKind.(*kind.AnyOf)
	_, one := e.ErrorKind.(*kind.OneOf)
	if len(e.Causes) > 0 && !any && !one {
		for _, cause := range e.Causes {
			collect(cause, start, fields)
		}
		return
	}
	location := e.InstanceLocation
	if len(location) > 1 && start > 0 {
		// Only arrays that were cut have problems after the first piece.
		if i, err := strconv.Atoi(location[1]); err == nil {
			location = slices.Clone(location)
			location[1] = strconv.Itoa(start + i)
		}
	}
	if missing, ok := e.ErrorKind.(*kind.Required); ok {
		for _, name := range missing.Missing {
			*fields = append(*fields, field(append(location, name), "can't be blank"))
		}
		return
	}
	*fields = append(*fields, field(location, problem(e.ErrorKind)))
}

func field(location []string, problem string) apierr.Field {
	name := strings.Join(location, ".")
	return apierr.Field{Field: name, Message: human(name) + " " + problem}
}

// human returns a field's name as it begins a sentence: "public_key" is
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
