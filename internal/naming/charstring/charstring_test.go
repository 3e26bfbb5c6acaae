package charstring_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/naming/charstring"
)

func TestUnquote(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string // nil: it is not a sequence of strings in quotes
	}{
		{`"a b"`, []string{"a b"}},
		{` "a"	"" "b" `, []string{"a", "", "b"}},
		{`"a""b"`, []string{"a", "b"}},
		{`"\"\\\065\;"`, []string{`"\A;`}},
		{`"\195\188"`, []string{"ü"}},
		{``, nil}, {`a`, nil}, {`"a`, nil}, {`"a" b`, nil}, {`"\`, nil}, {`"\25"`, nil}, {`"\256"`, nil},
	} {
		got, ok := charstring.Unquote(test.text)
		if ok != (test.want != nil) || ok && !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, %t; want %q", test.text, got, ok, test.want)
		}
	}
}

// Both quoted forms read back as the strings that they were made of.
func FuzzQuote(f *testing.F) {
	f.Add("a", `"\`)
	f.Add("\xc3", "\xbc\x00")
	f.Fuzz(func(t *testing.T, a, b string) {
		want := []string{a, b}
		for _, text := range []string{charstring.Quote(charstring.EscapeAll(want)), charstring.QuoteUTF8(want)} {
			if got, ok := charstring.Unquote(text); !ok || !slices.Equal(got, want) {
				t.Errorf("%s reads back as %q, %t; want %q", text, got, ok, want)
			}
		}
	})
}

func TestQuoteUTF8(t *testing.T) {
	if got, want := charstring.QuoteUTF8([]string{"grüß \"\\", "\xc3", "\xbc"}), `"grüß \"\\" "\195" "\188"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLongest(t *testing.T) {
	for entry, want := range map[string]int{
		"": 0, "a bc": 2, `"a b" c`: 3, `"ab" "cde"`: 3, `\065\"b`: 3, strings.Repeat("x", 300): 300,
	} {
		if got := charstring.Longest(entry); got != want {
			t.Errorf("%s: %d, want %d", entry, got, want)
		}
	}
}
