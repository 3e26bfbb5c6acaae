// Package jsontext checks JSON before it is decoded, for errors that the decoder would
// correct silently, and for texts that would need too much memory.
package jsontext

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxValues is how many values a text may have, including those within arrays and
// objects. A decoded small value needs up to a hundred times the bytes of its text. The largest request that makes sense, a batch of a
// thousand records, has ten thousand.
const MaxValues = 20_000

// Bounded returns an error if the text has more than MaxValues values.
func Bounded(text []byte) error {
	if values(text) > MaxValues {
		return fmt.Errorf("there are more than %d values", MaxValues)
	}
	return nil
}

// Check returns an error if the decoder would change the text silently: if it is not
// UTF-8, or has the escape of half a surrogate pair.
func Check(text []byte) error {
	if !utf8.Valid(text) {
		return errors.New("JSON must be in UTF-8")
	}
	if escape := halfCharacter(text); escape != "" {
		return fmt.Errorf("the escape %s is half a character", escape)
	}
	return nil
}

// values returns an upper bound of the number of values in a JSON text.
func values(text []byte) int {
	n, inString := 1, false
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case b == '"':
			inString = !inString
		case b == '\\' && inString:
			i++ // an escaped quote does not end the string
		case (b == ',' || b == '[' || b == '{') && !inString:
			n++
		}
	}
	return n
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
