package reference

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// variable returns the variables of two identities.
func variable(value any) string {
	switch value {
	case json.Number("512189"):
		return "$KEY_ID"
	case "506f78a4":
		return "$VOLUME_ID"
	}
	return ""
}

// A shell reads the result of quoted as one word, which is JSON.
func TestQuoted(t *testing.T) {
	long := strings.Repeat("x", 60)
	for name, test := range map[string]struct {
		body map[string]any
		want string
	}{
		"plain":              {map[string]any{"a": json.Number("1.0")}, `{"a":1.0}`},
		"a number's name":    {map[string]any{"ids": []any{json.Number("512189"), json.Number("5")}}, `{"ids":[7,5]}`},
		"a text's name":      {map[string]any{"volumes": []any{map[string]any{"id": "506f78a4"}}}, `{"volumes":[{"id":"v-1"}]}`},
		"quotes and dollars": {map[string]any{"a": `it's $HOME "x" <y> & z` + "\n"}, `{"a":"it's $HOME \"x\" <y> & z\n"}`},
		"a long body":        {map[string]any{"b": long, "a": json.Number("512189")}, "{\n    \"a\": 7,\n    \"b\": \"" + long + "\"\n  }"},
	} {
		command := exec.Command("bash", "-euc", "printf %s "+quoted(test.body, variable))
		command.Env = []string{"KEY_ID=7", "VOLUME_ID=v-1"}
		got, err := command.Output()
		if diff := cmp.Diff(test.want, string(got)); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestQuery(t *testing.T) {
	got := query(map[string]any{"tag_name": "a b&c", "key": json.Number("512189")}, variable)
	if want := "?key=$KEY_ID&tag_name=a+b%26c"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
