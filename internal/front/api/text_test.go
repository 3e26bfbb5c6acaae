package api

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestShortened(t *testing.T) {
	long := "begin" + strings.Repeat("é", 5000) + "end."
	got := shortened(long)
	if len(got) > maxMessage+10 || !utf8.ValidString(got) || !strings.HasPrefix(got, "beginé") || !strings.HasSuffix(got, "éend.") {
		t.Errorf("%q", got)
	}
	for _, text := range []string{"", "Name can't be blank", strings.Repeat("x", maxMessage)} {
		if got := shortened(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	for _, text := range []string{strings.Repeat("\xff", 5000), strings.Repeat("\x80", 5000)} {
		if got := shortened(text); len(got) > maxMessage+10 {
			t.Errorf("%d bytes of noise became %d", len(text), len(got))
		}
	}
}
