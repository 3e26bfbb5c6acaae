package api

import (
	"errors"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// longestWait is the longest time that a client may ask the server to wait.
const longestWait = time.Minute

// elements yields the elements of a header that is a list (RFC 9110, section
// 5.6.1), of all its lines.
func elements(lines []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range lines {
			for element := range strings.SplitSeq(line, ",") {
				if element = strings.TrimSpace(element); element != "" && !yield(element) {
					return
				}
			}
		}
	}
}

// wait returns how long the client prefers to wait for an action's end: the time in
// its Prefer header (RFC 7240, section 4.3), or longestWait if it sends the pragma
// of the API's early draft.
func wait(r *http.Request) time.Duration {
	for element := range elements(r.Header.Values("Prefer")) {
		preference, _, _ := strings.Cut(element, ";")
		name, value, _ := strings.Cut(preference, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "wait") {
			continue
		}
		seconds, err := strconv.ParseUint(strings.Trim(value, "\" \t"), 10, 31)
		if errors.Is(err, strconv.ErrRange) {
			return longestWait
		}
		if err == nil {
			return min(time.Duration(seconds)*time.Second, longestWait)
		}
	}
	for element := range elements(r.Header.Values("Pragma")) {
		if strings.EqualFold(element, "event-wait") {
			return longestWait
		}
	}
	return 0
}

// draftType is the media type by which a client asks for answers in the form of
// the API's early draft (contract, section 6).
const draftType = "application/vnd.digitalocean.draft+json"

// wantsDraft reports whether the client asks for the form of the early draft.
func wantsDraft(r *http.Request) bool {
	for element := range elements(r.Header.Values("Accept")) {
		mediaType, _, _ := strings.Cut(element, ";")
		if strings.EqualFold(strings.TrimSpace(mediaType), draftType) {
			return true
		}
	}
	return queryOf(r).Get("view") == "draft"
}
