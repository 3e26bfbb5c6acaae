package api

import (
	"net/http"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// single returns the header's value; empty if it is missing. Two values are an
// error even if they are equal, because a proxy may read another one than we do.
func single(h http.Header, name string) (string, error) {
	if n := len(h.Values(name)); n > 1 {
		return "", apierr.BadRequest("The header %s is given %d times; send it once.", name, n)
	}
	return h.Get(name), nil
}

// byteOrderMark begins UTF-8 texts of some editors and shells.
var byteOrderMark = []byte("\xef\xbb\xbf")

// maxMessage is the maximum length of an error's message, in bytes. Messages quote
// what the client has sent, which may be long.
const maxMessage = 1000

// shortened removes the middle of a long text. Its beginning says what is wrong and
// its end what to do.
func shortened(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	cut := text[:maxMessage*3/4] + " ... " + text[len(text)-maxMessage/4:]
	return strings.ToValidUTF8(cut, "") // removes characters that were cut in half
}
