package domain

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// The most that a TXT record has.
const (
	maxTXT        = 4096 // bytes of text
	maxString     = 255  // bytes of a string (RFC 1035, section 3.3)
	maxTXTStrings = 256
)

// txtData is the data of a TXT record: any text, or strings in quotes. A text,
// and one string, is kept without quotes, unless they would then be missed by
// whoever gives it back. Several strings are kept as they are (RFC 6763, section
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
	case len(longest) > maxString:
		return "", apierr.Invalid("data", "Data has a string of %d bytes among others, the maximum is %d: cut it into several", len(longest), maxString)
	case !utf8.ValidString(content):
		return "", apierr.Invalid("data", "Data is not UTF-8")
	case strings.Contains(content, "\x00"):
		return "", apierr.Invalid("data", "Data has a NUL byte, which is not supported")
	}
	return txtForm(parts), nil
}

// txtStrings are the strings that the data of a TXT record means, as DNS has
// them: several strings in quotes as they are, else the text cut.
func txtStrings(data string) []string {
	parts, ok := unquote(data)
	switch {
	case !ok:
		return cut(data)
	case len(parts) == 1:
		return cut(parts[0])
	}
	return parts
}

// cut cuts a text into strings, each as long as can be.
func cut(text string) []string {
	var parts []string
	for len(text) > maxString {
		parts, text = append(parts, text[:maxString]), text[maxString:]
	}
	return append(parts, text)
}

// txtForm is data that means strings. If they are a text cut, it is the text:
// without quotes where it can be.
func txtForm(parts []string) string {
	text := strings.Join(parts, "")
	if !slices.Equal(cut(text), parts) {
		return quoted(parts)
	}
	if _, ok := unquote(text); ok || text == "" {
		return quoted([]string{text})
	}
	return text
}

// quoted writes strings in quotes, in UTF-8, as unquote reads them.
func quoted(parts []string) string {
	all := make([]string, len(parts))
	for i, part := range parts {
		var b strings.Builder
		for len(part) > 0 {
			r, width := utf8.DecodeRuneInString(part)
			switch {
			case r == utf8.RuneError && width == 1: // a part of a character, of which the next string has the rest
				b.WriteString(escape(part[:1]))
			case r == '"', r == '\\':
				b.WriteByte('\\')
				fallthrough
			default:
				b.WriteString(part[:width])
			}
			part = part[width:]
		}
		all[i] = b.String()
	}
	return quote(all)
}

// unquote reads strings in quotes with blanks between them. It reports false
// if the text is anything else. \ makes the next character an ordinary one, and
// before three digits means the byte with that number (RFC 1035, section 5.1).
func unquote(text string) (parts []string, ok bool) {
	text = strings.Trim(text, " \t\r\n")
	for text != "" {
		if text[0] != '"' {
			return nil, false
		}
		var b strings.Builder
		n, ok := unquoteOne(text[1:], &b)
		if !ok {
			return nil, false
		}
		parts = append(parts, b.String())
		text = strings.TrimLeft(text[1+n:], " \t\r\n")
	}
	return parts, len(parts) > 0
}

// unquoteOne reads up to the closing quote and returns how far that is.
func unquoteOne(text string, b *strings.Builder) (n int, ok bool) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			return i + 1, true
		case '\\':
			c, width, ok := escaped(text[i+1:])
			if !ok {
				return 0, false
			}
			b.WriteByte(c)
			i += width
		default:
			b.WriteByte(text[i])
		}
	}
	return 0, false
}

// escaped reads what follows a \.
func escaped(text string) (c byte, width int, ok bool) {
	switch {
	case text == "":
		return 0, 0, false
	case text[0] < '0' || text[0] > '9':
		return text[0], 1, true
	case len(text) < 3:
		return 0, 0, false
	}
	n, err := strconv.ParseUint(text[:3], 10, 8)
	return byte(n), 3, err == nil
}

// escapeAll writes strings as zone files have them between quotes.
func escapeAll(parts []string) []string {
	all := make([]string, len(parts))
	for i, part := range parts {
		all[i] = escape(part)
	}
	return all
}

// escape writes a string as zone files have it between quotes.
func escape(text string) string {
	var b strings.Builder
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b.Write([]byte{'\\', c})
		case c < ' ' || c > '~':
			b.Write([]byte{'\\', '0' + c/100, '0' + c/10%10, '0' + c%10})
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// quote writes strings that are in the form of zone files.
func quote(parts []string) string { return `"` + strings.Join(parts, `" "`) + `"` }

// longestString is the length of the longest string of an entry of a zone file,
// in bytes.
func longestString(entry string) (longest int) {
	length, inQuotes := 0, false
	for i := 0; i < len(entry); i++ {
		switch c := entry[i]; {
		case c == '"':
			length, inQuotes = 0, !inQuotes
		case c == ' ' && !inQuotes:
			length = 0
		case c == '\\':
			_, width, _ := escaped(entry[i+1:])
			i += width
			length++
		default:
			length++
		}
		longest = max(longest, length)
	}
	return longest
}
