package api

import (
	"log/slog"
	"regexp"
)

// loggedPath is the path of a request as logs show it. Clients put tokens into
// paths by mistake, and whoever reads a log is not meant to have them.
type loggedPath string

// secret is the text of a token: of this API, or of its early days, when tokens
// had no prefix.
var secret = regexp.MustCompile(`(?i)(do[a-z]_v1_[0-9a-z_]*|[0-9a-f]{64,})`)

// LogValue replaces tokens in the path.
func (p loggedPath) LogValue() slog.Value {
	return slog.StringValue(secret.ReplaceAllString(string(p), "TOKEN"))
}
