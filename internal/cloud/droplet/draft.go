package droplet

import (
	"slices"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// draftForm is how the API's early draft asked for a kind of action: by a key of
// its own in place of the type (contract, droplet-actions.md, "Draft form").
type draftForm struct {
	Key     string
	Word    string // the value that asks for this kind; empty if it takes no such word
	Default bool   // null asks for this kind too
	Param   string // the parameter that the value is, if it is one
	With    string // one more parameter that may stand beside the key
}

// shown returns how the draft showed an action of the kind.
func (f *draftForm) shown() *action.DraftForm {
	if f == nil {
		return nil
	}
	return &action.DraftForm{Key: f.Key, Word: f.Word, Param: f.Param}
}

// alone reports whether the key by itself, with null, asks for the kind.
func (f *draftForm) alone() bool { return f.Word == "" && f.Param == "" }

// parse returns the type of action that a request asks for, and its parameters. A
// request has a type, or else one key of the draft.
func (s *Service) parse(params map[string]any) (actionType string, given map[string]any, err error) {
	if _, ok := params["type"]; ok {
		text, _ := params["type"].(string)
		return text, params, nil
	}
	kinds := slices.DeleteFunc(s.kinds(), func(k kind) bool { return k.Draft == nil })
	key, err := draftKey(kinds, params)
	if err != nil {
		return "", nil, err
	}
	kinds = slices.DeleteFunc(kinds, func(k kind) bool { return k.Draft.Key != key })
	value := params[key]
	if form := kinds[0].Draft; form.Param != "" {
		given := map[string]any{form.Param: value}
		if form.With != "" {
			given[form.With] = params[form.With]
		}
		return kinds[0].Type, given, nil
	}
	if value == nil || value == true || value == "true" || isEmptyObject(value) {
		value = ""
	}
	word, isText := value.(string)
	for _, k := range kinds {
		if isText && (word == "" && (k.Draft.Default || k.Draft.alone()) || word != "" && strings.EqualFold(word, k.Draft.Word)) {
			return k.Type, nil, nil
		}
	}
	if kinds[0].Draft.alone() {
		return "", nil, apierr.Invalid(key, "%s takes no value; send null", key)
	}
	var words []string
	for _, k := range kinds {
		words = append(words, k.Draft.Word)
	}
	slices.Sort(words)
	return "", nil, apierr.Invalid(key, "%s must be one of: %s", key, strings.Join(words, ", "))
}

func isEmptyObject(value any) bool {
	object, ok := value.(map[string]any)
	return ok && len(object) == 0
}

// draftKey returns the key of the draft that the request uses: the only one with a
// value, or the only one present if that key takes no value.
func draftKey(kinds []kind, params map[string]any) (string, error) {
	var present, valued []string
	alone := false
	for _, k := range kinds {
		key := k.Draft.Key
		value, ok := params[key]
		if !ok || slices.Contains(present, key) {
			continue
		}
		present, alone = append(present, key), k.Draft.alone()
		if value != nil {
			valued = append(valued, key)
		}
	}
	switch {
	case len(valued) == 1:
		return valued[0], nil
	case len(valued) > 1:
		slices.Sort(valued)
		return "", apierr.Invalid("type", "A droplet does one thing at a time; the body asks for %s", strings.Join(valued, " and "))
	case len(present) == 1 && alone:
		return present[0], nil
	}
	return "", apierr.Invalid("type", "Type is invalid")
}
