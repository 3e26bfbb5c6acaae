package api

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rockpool-cloud/rockpool/internal/apierr"
)

// single returns the header's value, empty without one. Two are an error, also
// if they agree: who reads which of them is anybody's guess.
func single(h http.Header, name string) (string, error) {
	if n := len(h.Values(name)); n > 1 {
		return "", apierr.BadRequest("The header %s is given %d times; send it once.", name, n)
	}
	return h.Get(name), nil
}

// byteOrderMark is what some editors and shells put before UTF-8.
var byteOrderMark = []byte("\xef\xbb\xbf")

// checkText refuses what the decoder of JSON would change in silence: bytes
// that are not UTF-8, and escapes of half a character.
func checkText(text []byte) error {
	if !utf8.Valid(text) {
		return apierr.BadRequest("error parsing request body: JSON must be in UTF-8")
	}
	if escape := halfCharacter(text); escape != "" {
		return apierr.BadRequest("error parsing request body: the escape %s is half a character", escape)
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

// maxMessage is how long a sentence of an error may be, in bytes: it repeats
// what the client has sent, which may be anything.
const maxMessage = 1000

// shortened cuts out the middle of a long text; its beginning says what is
// wrong and its end what to do.
func shortened(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	cut := text[:maxMessage*3/4] + " ... " + text[len(text)-maxMessage/4:]
	return strings.ToValidUTF8(cut, "") // without halves of characters
}
