package oauth_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/identity/oauth"
)

func TestRedact(t *testing.T) {
	hex := strings.Repeat("0a", 32)
	for text, want := range map[string]string{
		"dop_v1_" + hex:                 "TOKEN",
		"GET /v2/DOP_V1_" + hex + "x":   "GET /v2/TOKEN",
		"/v2/dor_v1_12":                 "/v2/TOKEN", // half a token
		"/v2/" + hex + "/actions":       "/v2/TOKEN/actions",
		"the checksum is not " + hex:    "the checksum is not " + hex,
		"a droplet of /v2/droplets/123": "a droplet of /v2/droplets/123",
	} {
		if got := oauth.Redact(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// Tokens are removed from all parts of a log record.
func TestTokensAreNotLogged(t *testing.T) {
	token := "dop_v1_" + strings.Repeat("0a", 32)
	var kept bytes.Buffer
	log := slog.New(oauth.Redacting(slog.NewTextHandler(&kept, nil)))
	log.Info("of "+token, "path", "/v2/droplets/"+token, "n", 7)
	log.Error("failed", "error", fmt.Errorf("GET /v2/%s: %w", token, errors.New("no")), "list", []string{token})
	log.With("as", token).WithGroup("g").Info("x", slog.Group("h", "token", "doo_v1_"+strings.Repeat("f", 64)))
	text := kept.String()
	if strings.Contains(text, strings.Repeat("0a", 32)) || strings.Contains(text, strings.Repeat("f", 64)) {
		t.Errorf("a token is logged:\n%s", text)
	}
	for _, want := range []string{`msg="of TOKEN" path=/v2/droplets/TOKEN n=7`, `error="GET /v2/TOKEN: no" list=[TOKEN]`, `as=TOKEN g.h.token=TOKEN`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in:\n%s", want, text)
		}
	}
}
