package droplet

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed action_schema.json
var actionSchema []byte

// definition is the part of an action's schema that the kinds of actions add to.
type definition struct {
	Definitions map[string]json.RawMessage `json:"definitions"`
	Links       []map[string]any           `json:"links"`
}

// actionsSchema is action_schema.json with what the kinds of actions say of
// themselves: their types, their parameters and their keys in the draft.
func (s *Service) actionsSchema() ([]byte, error) {
	whole := map[string]any{}
	var d definition
	if err := json.Unmarshal(actionSchema, &whole); err != nil {
		return nil, fmt.Errorf("action_schema.json: %w", err)
	}
	if err := json.Unmarshal(actionSchema, &d); err != nil {
		return nil, fmt.Errorf("action_schema.json: %w", err)
	}
	properties := map[string]any{}
	reference := func(property, name string) {
		properties[property] = map[string]any{"$ref": "#/definitions/droplet-action/definitions/" + name}
	}
	reference("type", "type")
	var types []string
	for _, k := range s.kinds() {
		if k.Draft != nil {
			reference(k.Draft.Key, k.Draft.schema())
		}
		if k.Admit == nil {
			continue
		}
		types = append(types, k.Type)
		for _, p := range k.Params {
			if _, twice := d.Definitions[p.Name]; twice {
				return nil, fmt.Errorf("two kinds of actions describe the parameter %s", p.Name)
			}
			d.Definitions[p.Name] = json.RawMessage(p.Schema)
			reference(p.Name, p.Name)
		}
	}
	last := len(types) - 1
	all := strings.Join(types[:last], ", ") + " or " + types[last]
	for _, link := range d.Links {
		if link["method"] == "POST" {
			for _, described := range []any{link, link["alias"]} {
				described := described.(map[string]any)
				described["description"] = strings.ReplaceAll(fmt.Sprint(described["description"]), "TYPES", all)
			}
			link["schema"].(map[string]any)["properties"] = properties
		}
	}
	d.Definitions["type"] = json.RawMessage(strings.ReplaceAll(string(d.Definitions["type"]), "TYPES", all))
	whole["definitions"], whole["links"] = d.Definitions, d.Links
	return json.Marshal(whole)
}

// schema is the name of the definition that describes the draft's key.
func (f *draftForm) schema() string {
	switch {
	case f.Param != "":
		return "draft_identity"
	case f.Word != "":
		return "draft_manner"
	default:
		return "draft_nothing"
	}
}
