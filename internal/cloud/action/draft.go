package action

import (
	"encoding/json"
)

// DraftForm is the form of a type of action in the API's early draft: one key for each
// type, and a value that says how (contract, droplet-actions.md).
type DraftForm struct {
	Key   string
	Word  string // the value; empty for none
	Param string // or the name of the parameter that has the value
}

// value returns the value of the key for an action with those parameters.
func (f DraftForm) value(params json.RawMessage) any {
	if f.Word != "" {
		return f.Word
	}
	var given map[string]any
	if f.Param == "" || json.Unmarshal(params, &given) != nil {
		return nil
	}
	return given[f.Param]
}

// draftStatuses are the statuses that have another name in the draft.
var draftStatuses = map[string]string{Completed: "finished"}

// draftKeys are the keys of every action on a droplet in the draft.
var draftKeys = []string{"reboot", "shutdown", "boot", "resetpassword", "resize", "snapshot", "rebuild", "restore"}

// Draft returns the action in the form of the early draft: flat, with one key for each
// type of action.
func (v View) Draft() any {
	status, ok := draftStatuses[v.Status]
	if !ok {
		status = v.Status
	}
	shown := map[string]any{"id": v.ID, "status": status}
	if v.ResourceType != "droplet" {
		return shown
	}
	for _, key := range draftKeys {
		shown[key] = nil
	}
	if v.draft != nil {
		shown[v.draft.Key] = v.draft.value(v.params)
	}
	return shown
}
