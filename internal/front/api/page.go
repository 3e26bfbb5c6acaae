package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/front/schema"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
)

// listMode is how a client asks for a list (contract, section 5c).
type listMode int

const (
	whole    listMode = iota // neither page nor range: as many items as a default range has
	numbered                 // by page and per_page; always answered 200
	ranged                   // by a Range header
)

// The sizes of a page, by the contract's table of lists.
const (
	defaultPage = 20
	maxPage     = 200
)

// listQuery reads which slice of a list is asked for. A page or per_page has
// precedence over a Range header. An invalid page or per_page counts as the
// default, never as an error.
func listQuery(r *http.Request) (list.Query, listMode) {
	query := queryOf(r)
	if query.Has("page") || query.Has("per_page") {
		return pageQuery(query), numbered
	}
	// Several headers of one name are one with commas (RFC 9110, section 5.3).
	if header := strings.Join(r.Header.Values("Range"), ", "); header != "" {
		if wanted, ok := list.ParseRange(header); ok {
			return wanted, ranged
		}
	}
	return list.Query{Max: list.DefaultMax}, whole
}

// bodyPage copies page and per_page from the body to the query. The body has
// precedence over the query.
func bodyPage(r *http.Request, body map[string]any) {
	if len(body) == 0 {
		return
	}
	query := r.URL.Query()
	for _, name := range []string{"page", "per_page"} {
		switch v := body[name].(type) {
		case string:
			query.Set(name, v)
		case schema.Text:
			query.Set(name, string(v))
		case json.Number:
			query.Set(name, v.String())
		default:
			continue
		}
		url := *r.URL
		url.RawQuery = query.Encode()
		r.URL = &url
	}
}

func pageQuery(query url.Values) list.Query {
	wanted := list.Query{Max: defaultPage, Paged: true}
	if n := positive(query.Get("per_page")); n > 0 {
		wanted.Max = min(n, maxPage)
	}
	// The bound prevents an overflow; no list is that long.
	if n := positive(query.Get("page")); n > 0 {
		wanted.Offset = (min(n, 1<<40) - 1) * wanted.Max
	}
	return wanted
}

// positive parses a positive number. It returns the largest int for a number that
// is too large, and 0 for any other text.
func positive(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0
	}
	return max(n, 0)
}

// rangeHeaders sets the headers that say which part of its list a slice is. It
// returns the status: 206 if the list has more items and was not asked for by page.
func rangeHeaders(h http.Header, info list.Info, mode listMode) int {
	acceptRanges(h, info.Attrs)
	h.Set("Content-Range", info.ContentRange)
	if mode == numbered || info.NextRange == "" && info.PrevRange == "" {
		return http.StatusOK
	}
	for name, value := range map[string]string{"Next-Range": info.NextRange, "Prev-Range": info.PrevRange} {
		if value != "" {
			h.Set(name, value)
		}
	}
	return http.StatusPartialContent
}

// acceptRanges sets HTTP's header that names the attributes of a list, and that of
// the API's early draft.
func acceptRanges(h http.Header, attrs []string) {
	if len(attrs) > 0 {
		h.Set("Accept-Ranges", strings.Join(attrs, ", "))
		h.Set("Accept-Range", strings.Join(attrs, ", "))
	}
}

// pages are the links from one page of a list to others.
type pages struct {
	First string `json:"first,omitempty"`
	Prev  string `json:"prev,omitempty"`
	Next  string `json:"next,omitempty"`
	Last  string `json:"last,omitempty"`
}

// pageLinks returns the "links" of a list of total items; empty if the list has one
// page. A client that asked for no page gets the links of the first page, so that
// it finds all items by the links.
func pageLinks(r *http.Request, wanted list.Query, mode listMode, total int) map[string]any {
	number, last := wanted.Offset/wanted.Max+1, max(1, (total+wanted.Max-1)/wanted.Max)
	to := func(number int) string {
		query := r.URL.Query()
		query.Del(tokenParam)
		for name, value := range wanted.Filter { // the body may have them instead of the query
			query.Set(name, fmt.Sprint(value))
		}
		query.Set("page", strconv.Itoa(number))
		if query.Has("per_page") || mode != numbered {
			query.Set("per_page", strconv.Itoa(wanted.Max))
		}
		return Origin(r) + r.URL.EscapedPath() + "?" + query.Encode()
	}
	var links pages
	if mode == ranged {
		return map[string]any{}
	}
	if number > 1 {
		links.First, links.Prev = to(1), to(min(number-1, last))
	}
	if number < last {
		links.Next, links.Last = to(number+1), to(last)
	}
	if links == (pages{}) {
		return map[string]any{}
	}
	return map[string]any{"pages": links}
}

// Origin returns the scheme and host of the URL that the client used.
func Origin(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	switch forwarded := r.Header.Get("X-Forwarded-Proto"); forwarded {
	case "http", "https":
		scheme = forwarded
	}
	host := r.Host
	if host == "" { // HTTP/1.0 allows that
		if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
			host = local.String()
		}
	}
	return scheme + "://" + host
}
