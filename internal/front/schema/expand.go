package schema

import (
	"fmt"
	"maps"
	"strings"
)

// filterPrefix begins the names of definitions that describe a filter of the
// resource's list.
const filterPrefix = "filter_"

// expand adds to the definitions the filters of lists, and a link for each alias. It
// returns the pointer to each of these links, with the pointer to the link of which
// it is an alias.
func (d document) expand() (aliases map[string]string, err error) {
	aliases = map[string]string{}
	for name, definition := range d.resources() {
		links, _ := definition["links"].([]any)
		for i, link := range objects(definition["links"]) {
			if link["rel"] == "instances" && link["schema"] == nil {
				setFilters(name, definition, link)
			}
			written, ok := link["alias"].(object)
			if !ok {
				continue
			}
			delete(link, "alias")
			other, err := alias(link, written)
			if err != nil {
				return nil, fmt.Errorf("schema of %s/links/%d: its alias: %w", name, i, err)
			}
			aliases[linkPointer(name, len(links))] = linkPointer(name, i)
			links = append(links, other)
		}
		if links != nil {
			definition["links"] = links
		}
	}
	return aliases, nil
}

func linkPointer(resource string, i int) string {
	return fmt.Sprintf("/definitions/%s/links/%d", resource, i)
}

// setFilters adds to the link of a list the parameters that its resource's
// definitions filter_NAME describe.
func setFilters(resource string, definition, link object) {
	definitions, _ := definition["definitions"].(object)
	properties := object{}
	for key := range definitions {
		if name, ok := strings.CutPrefix(key, filterPrefix); ok {
			properties[name] = object{"$ref": "#/definitions/" + resource + "/definitions/" + key}
		}
	}
	if len(properties) > 0 {
		link["schema"] = object{"type": []any{"object"}, "properties": properties}
	}
}

// alias returns a copy of a link, with the members of written instead of the link's.
func alias(link, written object) (object, error) {
	other := copied(link).(object)
	written = maps.Clone(written)
	if example, ok := written["example"]; ok {
		parameters, ok := other["schema"].(object)
		if !ok {
			return nil, fmt.Errorf("an example of no parameters")
		}
		parameters["example"] = example
		delete(written, "example")
	}
	for key, value := range written {
		switch key {
		case "href", "title", "description":
			other[key] = value
		default:
			return nil, fmt.Errorf("it can't have a %s of its own", key)
		}
	}
	if other["href"] == link["href"] {
		return nil, fmt.Errorf("it has no href of its own")
	}
	return other, nil
}

// copied returns a deep copy of a JSON value.
func copied(value any) any {
	switch value := value.(type) {
	case object:
		o := make(object, len(value))
		for key, member := range value {
			o[key] = copied(member)
		}
		return o
	case []any:
		list := make([]any, len(value))
		for i, item := range value {
			list[i] = copied(item)
		}
		return list
	}
	return value
}
