package reference

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/front/schema"
)

// sample is a command that can be run unchanged.
type sample struct {
	Given     string // lines that set the shell variables in it
	Command   string
	Operation string // the link's; empty in the overview
	Status    int    // of the answer
}

// curl returns the sample for a link.
func curl(s *schema.Schema, l *schema.Link) sample {
	var words names
	path := l.Path
	for _, v := range l.Variables {
		path = strings.Replace(path, "{"+v.Resource+"}", words.of(v), 1)
	}
	// A value that is the example of an identity is replaced by its variable.
	variable := func(value any) string {
		for _, v := range s.Identities() {
			if _, ok := v.Slug(); !ok && v.By[0].Example == value {
				return words.of(v)
			}
		}
		return ""
	}
	first, more := "curl", []string{authorization}
	if l.Method != "GET" {
		first += " -X " + l.Method
	}
	if params := l.ParamsExample(); len(params) > 0 && takesBody(l.Method) {
		more = append(more, `-H "Content-Type: application/json"`, "-d "+quoted(params, variable))
	} else if len(params) > 0 {
		path += query(params, variable)
	}
	lines := append([]string{first + ` "$DIGITALOCEAN_API_URL/v2` + path + `"`}, more...)
	return sample{Given: words.given(), Command: strings.Join(lines, continued), Operation: l.Operation(), Status: l.Status}
}

// takesBody reports whether a sample of that method has its parameters in its
// body.
func takesBody(method string) bool { return method != "GET" && method != "DELETE" }

// query encodes parameters as the query of a URL in double quotes.
func query(params map[string]any, variable func(value any) string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		value := variable(params[name])
		if value == "" {
			value = url.QueryEscape(fmt.Sprint(params[name]))
		}
		pairs = append(pairs, name+"="+value)
	}
	return "?" + strings.Join(pairs, "&")
}

// continued continues a command on the next line.
const continued = " \\\n  "

// names are the shell variables of a sample, for the identities of the reader's
// resources.
type names []schema.Variable

// of returns the variable for an identity. The slug of a catalogue, which is the same
// in every cloud, is returned unchanged.
func (n *names) of(v schema.Variable) string {
	if slug, ok := v.Slug(); ok {
		return url.PathEscape(slug)
	}
	if !slices.ContainsFunc(*n, func(known schema.Variable) bool { return known.Resource == v.Resource }) {
		*n = append(*n, v)
	}
	return "$" + shellName(v)
}

// given returns the lines that set the variables.
func (n names) given() string {
	var lines string
	for _, v := range n {
		lines += fmt.Sprintf("%s=%v\n", shellName(v), v.By[0].Example)
	}
	return lines
}

func shellName(v schema.Variable) string {
	return strings.ToUpper(strings.ReplaceAll(v.Resource, "-", "_")) + "_ID"
}

// Variables in a body after quoted has encoded it. The first replaces a number.
var (
	numberVariable = regexp.MustCompile(`"#(\$[A-Z_]+)"`)
	textVariable   = regexp.MustCompile(`"(\$[A-Z_]+)"`)
)

// quoted encodes a body as one word of a shell, with variables instead of the values
// that have one.
func quoted(body map[string]any, variable func(value any) string) string {
	withVariables := replaced(body, func(value any) any {
		name := variable(value)
		if _, isText := value.(string); name != "" && !isText {
			name = "#" + name
		}
		if name == "" {
			return value
		}
		return name
	}).(map[string]any)
	text := compact(withVariables)
	if len(text) > 60 {
		text = lined(withVariables)
	}
	text = strings.ReplaceAll(text, "'", `'\''`)
	text = numberVariable.ReplaceAllString(text, "'$1'")
	return "'" + textVariable.ReplaceAllString(text, `"'$1'"`) + "'"
}

// lined encodes a JSON object with a line for each member.
func lined(object map[string]any) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		lines = append(lines, "    "+compact(name)+": "+compact(object[name]))
	}
	return "{\n" + strings.Join(lines, ",\n") + "\n  }"
}

// replaced returns a copy of a JSON value with its plain values replaced.
func replaced(value any, by func(plain any) any) any {
	switch value := value.(type) {
	case []any:
		copied := make([]any, len(value))
		for i, item := range value {
			copied[i] = replaced(item, by)
		}
		return copied
	case map[string]any:
		copied := map[string]any{}
		for name, member := range value {
			copied[name] = replaced(member, by)
		}
		return copied
	}
	return by(value)
}

// indented encodes a value as indented JSON; empty for nil.
func indented(value any) string {
	if value == nil {
		return ""
	}
	return encoded(value, "  ")
}

func compact(value any) string { return encoded(value, "") }

func encoded(value any, indent string) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(value); err != nil {
		panic(err) // it was read from JSON
	}
	return strings.TrimSuffix(text.String(), "\n")
}
