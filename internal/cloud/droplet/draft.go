package droplet

import (
	"maps"
	"slices"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// act is an action that a client asks for.
type act struct {
	Type string
	Name string // the new one, of a rename
}

// draftTypes are what the API's early draft asked for by a key of its own,
// with the values that it takes; empty is for what means no value (contract,
// droplet-actions.md, "Draft form").
var draftTypes = map[string]map[string]string{
	"reboot":        {"": "reboot", "soft": "reboot", "hard": "power_cycle"},
	"shutdown":      {"": "shutdown", "soft": "shutdown", "hard": "power_off"},
	"boot":          {"": "power_on"},
	"resetpassword": {"": "password_reset"},
	"resize":        nil,
	"snapshot":      nil,
	"rebuild":       nil,
	"restore":       nil,
}

// parseAct reads which action is meant: by its type, or else by the one key of
// the draft that is there.
func parseAct(params map[string]any) (act, error) {
	text := func(name string) string { text, _ := params[name].(string); return text }
	if _, ok := params["type"]; ok {
		return act{Type: text("type"), Name: text("name")}, nil
	}
	key, err := draftKey(params)
	if err != nil {
		return act{}, err
	}
	value := params[key]
	if value == nil || value == true || value == "true" || isEmptyObject(value) {
		value = ""
	}
	word, ok := value.(string)
	types := draftTypes[key]
	if types == nil {
		return act{Type: key}, nil // not offered, as Act will say
	}
	if found := types[strings.ToLower(word)]; ok && found != "" {
		return act{Type: found}, nil
	}
	accepted := slices.DeleteFunc(slices.Sorted(maps.Keys(types)), func(word string) bool { return word == "" })
	if len(accepted) == 0 {
		return act{}, apierr.Invalid(key, "%s takes no value; send null", key)
	}
	return act{}, apierr.Invalid(key, "%s must be one of: %s", key, strings.Join(accepted, ", "))
}

func isEmptyObject(value any) bool {
	object, ok := value.(map[string]any)
	return ok && len(object) == 0
}

// draftKey finds the one key of the draft that asks for something: the only
// one with a value, or the only one at all if it takes none.
func draftKey(params map[string]any) (string, error) {
	var present, valued []string
	for key := range draftTypes {
		if value, ok := params[key]; ok {
			present = append(present, key)
			if value != nil {
				valued = append(valued, key)
			}
		}
	}
	switch {
	case len(valued) == 1:
		return valued[0], nil
	case len(valued) > 1:
		slices.Sort(valued)
		return "", apierr.Invalid("type", "A droplet does one thing at a time; the body asks for %s", strings.Join(valued, " and "))
	case len(present) == 1 && (present[0] == "boot" || present[0] == "resetpassword"):
		return present[0], nil
	}
	return "", apierr.Invalid("type", "Type is invalid")
}
