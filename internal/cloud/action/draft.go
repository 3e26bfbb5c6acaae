package action

// draftStatuses are what the API's early draft called the statuses that it
// called otherwise.
var draftStatuses = map[string]string{Completed: "finished"}

// draftForms are the keys by which the draft told what is done to a droplet,
// and how. Those that take no value show none (contract, droplet-actions.md).
var draftForms = map[string]struct {
	key   string
	value any
}{
	"reboot":         {"reboot", "soft"},
	"power_cycle":    {"reboot", "hard"},
	"shutdown":       {"shutdown", "soft"},
	"power_off":      {"shutdown", "hard"},
	"power_on":       {"boot", nil},
	"password_reset": {"resetpassword", nil},
}

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
	for _, key := range []string{"reboot", "shutdown", "boot", "resetpassword", "resize", "snapshot", "rebuild", "restore"} {
		shown[key] = nil
	}
	if form, ok := draftForms[v.Type]; ok {
		shown[form.key] = form.value
	}
	return shown
}
