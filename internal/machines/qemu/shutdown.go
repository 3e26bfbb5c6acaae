package qemu

import "encoding/json"

// shutdown is the data of QEMU's SHUTDOWN event.
type shutdown struct {
	Guest  bool   `json:"guest"`
	Reason string `json:"reason"` // QEMU's ShutdownCause
}

func parseShutdown(data json.RawMessage) (s shutdown) {
	if err := json.Unmarshal(data, &s); err != nil {
		return shutdown{}
	}
	return s
}

// byQuit reports whether a Stop asked for it, even one that gave up waiting.
func (s shutdown) byQuit() bool { return s.Reason == "host-qmp-quit" }

// byGuest reports whether the guest powered itself off. For QEMU a panic of the
// kernel is an end by the guest too; here it is not.
func (s shutdown) byGuest() bool { return s.Guest && s.Reason != "guest-panic" }

// words describes the cause to people; "" if it means nothing to them.
func (s shutdown) words() string {
	switch {
	case s.Reason == "guest-panic":
		return "the guest's kernel panicked"
	case s.Guest:
		return "the guest powered off"
	case s.Reason == "host-signal":
		return "QEMU was ended by a signal"
	default:
		return ""
	}
}
