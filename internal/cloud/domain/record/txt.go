package record

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/naming/charstring"
)

// The limits of TXT records.
const (
	maxTXT        = 4096 // bytes of text
	maxTXTStrings = 256
)

// txtData validates the data of a TXT record: any text, or strings in quotes. A
// text or a single string is stored without quotes, unless the text itself reads
// as a quoted string. Several strings are stored as they are (RFC 6763, section
// 6).
func txtData(_, text string, _ *string) (string, error) {
	if text == "" {
		return "", errDataBlank
	}
	parts := txtStrings(text)
	content := strings.Join(parts, "")
	longest := slices.MaxFunc(parts, func(a, b string) int { return len(a) - len(b) })
	switch {
	case len(content) > maxTXT:
		return "", apierr.Invalid("data", "Data is too long: %d bytes, the maximum is %d", len(content), maxTXT)
	case len(parts) > maxTXTStrings:
		return "", apierr.Invalid("data", "Data has too many strings: %d, the maximum is %d", len(parts), maxTXTStrings)
	case len(longest) > charstring.Max:
		return "", apierr.Invalid("data", "Data has a string of %d bytes among others, the maximum is %d: cut it into several", len(longest), charstring.Max)
	case !utf8.ValidString(content):
		return "", apierr.Invalid("data", "Data is not UTF-8")
	case strings.Contains(content, "\x00"):
		return "", apierr.Invalid("data", "Data has a NUL byte, which is not supported")
	}
	return txtForm(parts), nil
}

// txtStrings returns the character strings that the data of a TXT record stands
// for. Several strings in quotes are used as they are; any other text is split.
func txtStrings(data string) []string {
	parts, ok := charstring.Unquote(data)
	switch {
	case !ok:
		return split(data)
	case len(parts) == 1:
		return split(parts[0])
	}
	return parts
}

// split splits a text into character strings of the greatest length.
func split(text string) []string {
	var parts []string
	for len(text) > charstring.Max {
		parts, text = append(parts, text[:charstring.Max]), text[charstring.Max:]
	}
	return append(parts, text)
}

// txtForm is the inverse of txtStrings. Strings that split would make of a text
// become that text, without quotes if it can be read back so.
func txtForm(parts []string) string {
	text := strings.Join(parts, "")
	if !slices.Equal(split(text), parts) {
		return charstring.QuoteUTF8(parts)
	}
	if _, ok := charstring.Unquote(text); ok || text == "" {
		return charstring.QuoteUTF8([]string{text})
	}
	return text
}
