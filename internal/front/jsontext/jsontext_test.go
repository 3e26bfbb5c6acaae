package jsontext

import (
	"fmt"
	"testing"
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

func TestCheck(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":"é"}`: "<nil>", "": "<nil>", "\"\xff\"": "JSON must be in UTF-8", `"\ud800"`: `the escape \ud800 is half a character`,
	} {
		if got := fmt.Sprint(Check([]byte(text))); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestValues(t *testing.T) {
	for text, want := range map[string]int{
		`1`: 1, `[1,2]`: 3, `{"a":1,"b":[{}]}`: 5, `"a,[{"`: 1, `"\",["`: 1, `["\\",1]`: 3, `{"a,b":"{"}`: 2, `"`: 1, `\`: 1,
	} {
		if got := values([]byte(text)); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}
