// Package jsontext finds what is wrong with JSON before a decoder mends it in
// silence.
package jsontext

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Check refuses what the decoder of JSON would change in silence: bytes that
// are not UTF-8, and escapes of half a character.
func Check(text []byte) error {
	if !utf8.Valid(text) {
		return errors.New("JSON must be in UTF-8")
	}
	if escape := halfCharacter(text); escape != "" {
		return fmt.Errorf("the escape %s is half a character", escape)
	}
	return nil
}

// halfCharacter returns the first escape of a JSON text that is a surrogate
// without its other half; empty if there is none (RFC 8259, section 8.2).
func halfCharacter(text []byte) string {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 || i+1 == len(text) {
			return ""
		}
		text = text[i:]
		first := escaped(text)
		switch {
		case !utf16.IsSurrogate(first):
			text = text[2:]
		case utf16.DecodeRune(first, escaped(text[6:])) == utf8.RuneError:
			return string(text[:6])
		default:
			text = text[12:]
		}
	}
}

// escaped returns the code unit of the \uXXXX that text begins with; 0 without
// one.
func escaped(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return 0
	}
	return rune(unit)
}
