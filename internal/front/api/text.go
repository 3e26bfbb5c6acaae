package api

import (
	"net/http"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
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
