package api

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestHalfCharacter(t *testing.T) {
	for text, want := range map[string]string{
		``: "", `{}`: "", `"\u0041"`: "", `"\ud83d\ude00"`: "", `"\\ud800"`: "", `"\"\ud83d\uDE00\""`: "", `\`: "", `\u`: "", `\ud8`: "", `\uzzzz`: "",
		`"\ud800"`: `\ud800`, `"\udfff"`: `\udfff`, `"\ud83d\ud83d\ude00"`: `\ud83d`, `"\\\ud800"`: `\ud800`, `"\ud83d\\ude00"`: `\ud83d`, `"\uD83Dx"`: `\uD83D`,
		`"\ud83d\ude00\ude00"`: `\ude00`, `\ud800`: `\ud800`, `\ud83d\ude0`: `\ud83d`,
	} {
		if got := halfCharacter([]byte(text)); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

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
