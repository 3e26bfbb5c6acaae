package schema

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
)

// Text is the value of a form's or a query's parameter, which is a text whatever the
// parameter's type is. If the parameter is nullable, "null" is null, and so is an
// empty text (contract, section 4). The exception is a parameter with several
// types, one of them string: there an empty text is a value, as in the early draft's
// "reboot=". A string in JSON is a string, never a Text.
type Text string

func (t Text) isNull(types map[string]bool) bool {
	several := types["string"] && len(types) > 2
	return types["null"] && (t == "null" || t == "" && !several)
}

// Repeated is the values of a form's parameter that occurs several times.
type Repeated []string

func (l *Link) coerceMembers(object, properties map[string]any) {
	for name, value := range object {
		property, known := properties[name].(map[string]any)
		if properties != nil && !known {
			delete(object, name) // unknown members are ignored
			continue
		}
		if value != nil {
			value = l.coerce(value, property)
			object[name] = value
		}
		if value == nil && !l.doc.shape(property).types["null"] {
			delete(object, name) // counts as absent
		}
	}
}

func (l *Link) coerce(value any, schema map[string]any) any {
	shape := l.doc.shape(schema)
	switch v := value.(type) {
	case Repeated:
		if !shape.types["array"] {
			return l.coerce(Text(v[len(v)-1]), schema)
		}
		list := make([]any, len(v))
		for i, text := range v {
			list[i] = Text(text)
		}
		return l.coerceItems(list, shape)
	case Text:
		if v.isNull(shape.types) {
			return nil
		}
		return l.coerceText(string(v), shape)
	case string:
		return l.coerceText(v, shape)
	case json.Number:
		return coerceNumber(v, shape.types)
	case []any:
		return l.coerceItems(v, shape)
	case map[string]any:
		l.coerceMembers(v, shape.properties)
	}
	return value
}

// shape is the union of the types, items and properties of a schema, its references
// and its alternatives.
type shape struct {
	types      map[string]bool
	items      map[string]any
	maxItems   int // of an array; every array among the parameters has one
	properties map[string]any
}

func (d document) shape(schema map[string]any) shape {
	s := shape{types: map[string]bool{}}
	d.addShape(&s, schema, 0)
	return s
}

// maxReferences is how many references in a row are resolved.
const maxReferences = 8

func (d document) addShape(s *shape, schema map[string]any, depth int) {
	if schema == nil || depth > maxReferences {
		return
	}
	if ref, ok := schema["$ref"].(string); ok {
		d.addShape(s, d.resolve(ref), depth+1)
		return
	}
	switch t := schema["type"].(type) {
	case string:
		s.types[t] = true
	case []any:
		for _, one := range t {
			s.types[one.(string)] = true
		}
	}
	if items, ok := schema["items"].(map[string]any); ok {
		s.items = items
	}
	if most, ok := schema["maxItems"].(json.Number); ok {
		n, _ := most.Int64() // the document has been checked
		s.maxItems = int(n)
	}
	if properties, ok := schema["properties"].(map[string]any); ok {
		if s.properties == nil {
			s.properties = map[string]any{}
		}
		maps.Copy(s.properties, properties)
	}
	for _, combiner := range []string{"anyOf", "oneOf"} {
		branches, _ := schema[combiner].([]any)
		for _, branch := range branches {
			d.addShape(s, branch.(map[string]any), depth+1)
		}
	}
}

// coerceText converts a text to the type in the schema. A text that does not fit is
// returned unchanged.
func (l *Link) coerceText(text string, s shape) any {
	if s.types["string"] {
		return text
	}
	trimmed := strings.TrimSpace(text)
	if s.types["array"] || s.types["object"] {
		switch v := literal(trimmed).(type) {
		case broken:
			return v
		case []any:
			if s.types["array"] {
				return l.coerceItems(v, s)
			}
		case map[string]any:
			if s.types["object"] {
				l.coerceMembers(v, s.properties)
				return v
			}
		}
	}
	if s.types["array"] {
		if n := strings.Count(trimmed, ",") + 1; n > s.maxItems {
			return oversized{n, s.maxItems}
		}
		return l.coerceItems(commaSeparated(trimmed), s)
	}
	if s.types["integer"] {
		if n, err := strconv.ParseInt(trimmed, 10, 64); err == nil {
			return json.Number(strconv.FormatInt(n, 10))
		}
	}
	if s.types["number"] {
		if n := json.Number(trimmed); isNumber(n) {
			return n
		}
	}
	if s.types["boolean"] {
		switch strings.ToLower(trimmed) {
		case "true", "1", "on", "yes":
			return true
		case "false", "0", "off", "no":
			return false
		}
	}
	if s.types["null"] && (trimmed == "" || trimmed == "null") {
		return nil
	}
	return text
}

// coerceItems coerces an array's items, unless there are too many.
func (l *Link) coerceItems(list []any, s shape) any {
	if s.types["array"] && len(list) > s.maxItems {
		return oversized{len(list), s.maxItems}
	}
	for i, item := range list {
		list[i] = l.coerce(item, s.items)
	}
	return list
}
