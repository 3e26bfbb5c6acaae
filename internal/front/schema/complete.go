package schema

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// complete adds to the definitions what can be derived from them. It returns an
// error if something is missing.
func (d document) complete() error {
	var errs []error
	for name, definition := range d.resources() {
		wrong := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("schema of %s"+format, append([]any{name}, args...)...))
		}
		for _, keyword := range []string{"title", "description", "type"} {
			if definition[keyword] == nil {
				wrong(": it has no %s", keyword)
			}
		}
		d.require("", definition, wrong)
		for i, link := range objects(definition["links"]) {
			at := fmt.Sprintf("/links/%d", i)
			if parameters, ok := link["schema"].(object); ok {
				setOptional(at, parameters, wrong)
			}
			if err := setTarget(name, definition, link); err != nil {
				wrong("%s: %w", at, err)
			}
			if target, ok := link["targetSchema"].(object); ok {
				d.require(at+"/targetSchema", target, wrong)
			}
		}
	}
	// An example may include another resource, which is complete only now.
	for name, definition := range d.resources() {
		for at, attribute := range attributesBelow(definition) {
			if err := d.describe(attribute); err != nil {
				errs = append(errs, fmt.Errorf("schema of %s%s: %w", name, at, err))
			}
		}
		for i, link := range objects(definition["links"]) {
			target, ok := link["targetSchema"].(object)
			if _, exemplified := d.example(target, maxReferences); ok && !exemplified {
				errs = append(errs, fmt.Errorf("schema of %s/links/%d: the parts of its targetSchema make no example", name, i))
			}
		}
	}
	return errors.Join(errs...)
}

// require sets "required" to the properties that are not optional, in the schema
// and in all schemas within it.
func (d document) require(at string, schema object, wrong func(string, ...any)) {
	if schema["required"] != nil {
		wrong("%s: required is derived; write what is optional instead", at)
	}
	properties, _ := schema["properties"].(object)
	optional := strs(schema["optional"])
	for _, name := range optional {
		if properties[name] == nil {
			wrong("%s: the optional %s is no property", at, name)
		}
	}
	setNames(schema, "required", slices.DeleteFunc(slices.Sorted(maps.Keys(properties)), func(name string) bool {
		return slices.Contains(optional, name)
	}))
	for step, member := range below(schema) {
		d.require(at+step, member, wrong)
	}
}

// setOptional sets "optional" to the parameters that are not required, as prmd does.
func setOptional(at string, parameters object, wrong func(string, ...any)) {
	properties, _ := parameters["properties"].(object)
	required := strs(parameters["required"])
	for _, name := range required {
		if properties[name] == nil {
			wrong("%s: the required %s is no parameter", at, name)
		}
	}
	setNames(parameters, "optional", slices.DeleteFunc(slices.Sorted(maps.Keys(properties)), func(name string) bool {
		return slices.Contains(required, name)
	}))
}

// setNames sets a keyword whose list must not be empty in draft-04.
func setNames(schema object, key string, names []string) {
	if len(names) > 0 {
		schema[key] = anys(names)
	}
}

// setTarget sets a link's status and target to the defaults of its rel, unless it
// has its own.
func setTarget(resource string, definition, link object) error {
	status, key, target := http.StatusOK, "one", object{"$ref": "#/definitions/" + resource}
	properties := object{}
	switch link["rel"] {
	case "self", "update":
	case "create":
		status = http.StatusCreated
	case "instances":
		key, target = "many", object{"type": []any{"array"}, "items": target}
		for _, name := range []string{"links", "meta"} {
			properties[name] = object{"$ref": "#/definitions/" + listName + "/definitions/" + name}
		}
	case "destroy":
		status, target = http.StatusNoContent, nil
	default:
		return fmt.Errorf("rel must be create, destroy, instances, self or update, not %v", link["rel"])
	}
	if link["status"] == nil {
		link["status"] = status
	}
	if link["targetSchema"] != nil || target == nil {
		return nil
	}
	name, _ := definition[key].(string)
	if name == "" {
		return fmt.Errorf("a link of rel %v needs the resource's %q", link["rel"], key)
	}
	properties[name] = target
	link["targetSchema"] = object{"type": []any{"object"}, "properties": properties}
	return nil
}
