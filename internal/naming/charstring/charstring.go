// Package charstring reads and writes the character strings of DNS in their
// quoted form (RFC 1035, section 5.1).
package charstring

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Max is the greatest length of a character string, in bytes (RFC 1035, section
// 3.3).
const Max = 255

// Unquote reads strings in quotes with blanks between them. It reports false if
// the text is anything else. A backslash escapes the next character; before three
// digits it stands for the byte with that number.
func Unquote(text string) (parts []string, ok bool) {
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

// unquoteOne reads up to and including the closing quote and returns its length.
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

// escaped reads an escape sequence after its backslash.
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

// EscapeAll escapes each of the strings.
func EscapeAll(parts []string) []string {
	all := make([]string, len(parts))
	for i, part := range parts {
		all[i] = Escape(part)
	}
	return all
}

// Escape writes a string as it stands between quotes, in printable ASCII.
func Escape(text string) string {
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

// Quote puts escaped strings in quotes.
func Quote(escaped []string) string { return `"` + strings.Join(escaped, `" "`) + `"` }

// QuoteUTF8 escapes strings and puts them in quotes, but keeps their characters
// beyond ASCII readable.
func QuoteUTF8(parts []string) string {
	all := make([]string, len(parts))
	for i, part := range parts {
		var b strings.Builder
		for len(part) > 0 {
			r, width := utf8.DecodeRuneInString(part)
			switch {
			case r == utf8.RuneError && width == 1: // a part of a character whose rest is in the next string
				b.WriteString(Escape(part[:1]))
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
	return Quote(all)
}

// Longest returns the length in bytes of the longest string in an entry of a zone
// file.
func Longest(entry string) (longest int) {
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
