package action

import (
	"encoding/json"
)

// DraftForm is how the API's early draft showed an action: one key for each kind
// of thing that can be done, and a value that says how (contract,
// droplet-actions.md).
type DraftForm struct {
	Key   string
	Word  string // the value; empty for none
	Param string // or the parameter of the action whose value is shown
}

// value is what the draft shows of an action with those parameters.
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

// draftStatuses are the draft's names of the statuses that it named otherwise.
var draftStatuses = map[string]string{Completed: "finished"}

// draftKeys are what the draft showed of every action on a droplet.
var draftKeys = []string{"reboot", "shutdown", "boot", "resetpassword", "resize", "snapshot", "rebuild", "restore"}

// Draft shows the action as the draft did: flat, with one key for each kind of
// thing that can be done.
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
