package qemu

import "encoding/json"

// shutdown is what QEMU says of its end: the data of its SHUTDOWN event.
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

// byQuit tells whether Stop asked for it, be it a Stop that did not wait for it.
func (s shutdown) byQuit() bool { return s.Reason == "host-qmp-quit" }

// byGuest reports whether the guest powered itself off. A kernel that panicked
// has not, though QEMU calls that an end by the guest too.
func (s shutdown) byGuest() bool { return s.Guest && s.Reason != "guest-panic" }

// words are for humans; none if the cause says nothing to them.
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
