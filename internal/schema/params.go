package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/rockpool-cloud/rockpool/internal/apierr"
)

// Names returns the names of the link's parameters.
func (l *Link) Names() []string { return l.names }

// Coerce brings parameters to the types that the link's schema gives them, as
// far as that loses nothing: digits in a string to an integer where only an
// integer is meant, a number to a string where only a string is. A null is as
// good as absent and dropped. What does not fit stays for Validate to refuse.
func (l *Link) Coerce(params map[string]any) {
	for name, value := range params {
		if value == nil {
			delete(params, name)
			continue
		}
		params[name] = coerce(value, l.types(l.property(name)))
	}
}

func (l *Link) property(name string) map[string]any {
	properties, _ := l.schema["properties"].(map[string]any)
	property, _ := properties[name].(map[string]any)
	return property
}

// types returns the JSON types that a value may have, following references.
func (l *Link) types(schema map[string]any) map[string]bool {
	types := map[string]bool{}
	for hop := 0; schema != nil && hop < 8; hop++ {
		ref, ok := schema["$ref"].(string)
		if !ok {
			break
		}
		schema = l.resolve(ref)
	}
	switch t := schema["type"].(type) {
	case string:
		types[t] = true
	case []any:
		for _, one := range t {
			types[one.(string)] = true
		}
	}
	for _, combiner := range []string{"anyOf", "oneOf"} {
		branches, _ := schema[combiner].([]any)
		for _, branch := range branches {
			for t := range l.types(branch.(map[string]any)) {
				types[t] = true
			}
		}
	}
	return types
}

func (l *Link) resolve(ref string) map[string]any {
	at := any(l.doc)
	for _, part := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		object, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = object[part]
	}
	object, _ := at.(map[string]any)
	return object
}

func coerce(value any, types map[string]bool) any {
	switch v := value.(type) {
	case string:
		if types["string"] {
			return v
		}
		text := strings.TrimSpace(v)
		if types["integer"] {
			if _, err := strconv.ParseInt(text, 10, 64); err == nil {
				return json.Number(text)
			}
		}
		if types["boolean"] {
			switch strings.ToLower(text) {
			case "true", "1", "on", "yes":
				return true
			case "false", "0", "off", "no":
				return false
			}
		}
	case json.Number:
		if types["integer"] {
			return integer(v)
		}
		if types["string"] && !types["number"] {
			return v.String()
		}
	}
	return value
}

// integer writes a number without a fraction as a plain integer: 3.0 and 3e0
// are 3. A number too large for an id stays as it was, so that nobody can make
// us write out a million digits.
func integer(n json.Number) json.Number {
	if len(n) > 32 || strings.ContainsAny(n.String(), "eE") && exponent(n.String()) > 18 {
		return n
	}
	if r, ok := new(big.Rat).SetString(n.String()); ok && r.IsInt() {
		return json.Number(r.Num().String())
	}
	return n
}

func exponent(number string) int {
	_, text, _ := strings.Cut(strings.ToLower(number), "e")
	e, err := strconv.Atoi(text)
	if err != nil {
		return 1 << 30
	}
	return max(e, -e)
}

// Validate checks coerced parameters against the link's schema. The error is
// an apierr that names each field and its mend.
func (l *Link) Validate(params map[string]any) error {
	if l.params == nil {
		return nil
	}
	err := l.params.Validate(params)
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return err
	}
	var fields []apierr.Field
	collect(invalid, &fields)
	e := apierr.Invalid(fields[0].Field, "%s", fields[0].Message)
	e.Fields = fields
	return e
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
