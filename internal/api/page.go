package api

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/rockpool-cloud/rockpool/internal/resource"
)

// The sizes of a page, by the contract's table of lists.
const (
	wholePage   = 200 // when the client names no page
	defaultPage = 20
	maxPage     = 200
)

// pageOf reads which page is asked for. What makes no sense counts as the
// default, never as an error. numbered tells whether the client named a page
// at all.
func pageOf(query url.Values) (p resource.Page, numbered bool) {
	p = resource.Page{Number: 1, PerPage: wholePage}
	if !query.Has("page") && !query.Has("per_page") {
		return p, false
	}
	p.PerPage = defaultPage
	if n, err := strconv.Atoi(query.Get("per_page")); err == nil && n > 0 {
		p.PerPage = min(n, maxPage)
	}
	// A page beyond any list is as empty as the last one that can be counted.
	if n, err := strconv.Atoi(query.Get("page")); err == nil && n > 0 {
		p.Number = min(n, 1<<40)
	}
	return p, true
}

// pages are the links from one page of a list to others.
type pages struct {
	First string `json:"first,omitempty"`
	Prev  string `json:"prev,omitempty"`
	Next  string `json:"next,omitempty"`
	Last  string `json:"last,omitempty"`
}

// pageLinks makes the "links" of a list of total items; empty when the list
// has one page.
func pageLinks(r *http.Request, p resource.Page, numbered bool, total int) map[string]any {
	last := max(1, (total+p.PerPage-1)/p.PerPage)
	to := func(number int) string {
		query := r.URL.Query()
		query.Del("access_token")
		query.Set("page", strconv.Itoa(number))
		if query.Has("per_page") || !numbered {
			query.Set("per_page", strconv.Itoa(p.PerPage))
		}
		return origin(r) + r.URL.EscapedPath() + "?" + query.Encode()
	}
	var links pages
	if p.Number > 1 {
		links.First, links.Prev = to(1), to(min(p.Number-1, last))
	}
	if p.Number < last {
		links.Next, links.Last = to(p.Number+1), to(last)
	}
	if links == (pages{}) {
		return map[string]any{}
	}
	return map[string]any{"pages": links}
}

// origin is the scheme and host by which the client reached us.
func origin(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	switch forwarded := r.Header.Get("X-Forwarded-Proto"); forwarded {
	case "http", "https":
		scheme = forwarded
	}
	return scheme + "://" + r.Host
}
