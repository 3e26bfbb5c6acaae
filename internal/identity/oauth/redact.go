package oauth

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
)

// secret matches tokens of this API, complete or not. In a path it also matches
// DigitalOcean's early tokens, which have no prefix. Elsewhere 64 hex digits are a
// checksum.
var secret = regexp.MustCompile(`(?i)do[a-z]_v1_[0-9a-z_]*|(/)[0-9a-f]{64,}`)

// Redact returns a text without the tokens in it.
func Redact(text string) string { return secret.ReplaceAllString(text, "${1}TOKEN") }

// Redacting returns a handler that removes tokens from log records. Clients put tokens
// into paths by mistake, and errors quote the paths.
func Redacting(next slog.Handler) slog.Handler { return redacting{next} }

type redacting struct{ slog.Handler }

func (h redacting) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, Redact(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(redacted(a))
		return true
	})
	return h.Handler.Handle(ctx, clean)
}

func (h redacting) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = redacted(a)
	}
	return redacting{h.Handler.WithAttrs(clean)}
}

func (h redacting) WithGroup(name string) slog.Handler { return redacting{h.Handler.WithGroup(name)} }

func redacted(a slog.Attr) slog.Attr {
	a.Value = a.Value.Resolve()
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(Redact(a.Value.String()))
	case slog.KindAny:
		if text := fmt.Sprint(a.Value.Any()); secret.MatchString(text) {
			a.Value = slog.StringValue(Redact(text))
		}
	case slog.KindGroup:
		var clean []slog.Attr
		for _, member := range a.Value.Group() {
			clean = append(clean, redacted(member))
		}
		a.Value = slog.GroupValue(clean...)
	}
	return a
}
