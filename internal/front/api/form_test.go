package api

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestQueryParams(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      `null`,
		"a=1&b=x+y%21":                          `{"a":"1","b":"x y!"}`,
		"a":                                     `{"a":""}`,
		"=x&a=1":                                `{"a":"1"}`,
		"a=1&a=2":                               `{"a":["1","2"]}`,
		"a[]=1&a[]=2":                           `{"a":["1","2"]}`,
		"a%5B%5D=1":                             `{"a":["1"]}`,
		"a[2]=c&a[0]=a":                         `{"a":["a","c"]}`,
		"a=1&a[]=2&a[0]=3":                      `{"a":["1","2","3"]}`,
		"a[1]=5&a[0]=4&a[]=3&a=1&a=2":           `{"a":["1","2","3","4","5"]}`,
		"o[a]=1&o[a][]=2":                       `{"o":{"a":["1","2"]}}`,
		"p[plan]=w&p[h]=4":                      `{"p":{"h":"4","plan":"w"}}`,
		"p[q][r]=1":                             `{"p":{"q":{"r":"1"}}}`,
		"p[0]=1&p[x]=2":                         `{"p":{"0":"1","x":"2"}}`,
		"p[00]=1":                               `{"p":{"00":"1"}}`,
		"r[][id]=1&r[][t]=a&r[][id]=2&r[][t]=b": `{"r":[{"id":"1","t":"a"},{"id":"2","t":"b"}]}`,
		"r[1][id]=2&r[0][id]=1&r[0][t]=a":       `{"r":[{"id":"1","t":"a"},{"id":"2"}]}`,
		"r[][tags][]=a&r[][tags][]=b&r[][id]=1": `{"r":[{"id":"1","tags":["a","b"]}]}`,
		"a[=1&b]=2&[c]=3&d[e=4":                 `{"[c]":"3","a[":"1","b]":"2","d[e":"4"}`,
	} {
		params, err := queryParams(text)
		got, _ := json.Marshal(params)
		if diff := cmp.Diff(want, string(got)); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
}

func TestQueryParamsRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"a broken escape":       "a=%zz",
		"a broken escape first": "%=1",
		"what is not UTF-8":     "a=%ff",
		"a name not in UTF-8":   "%ff=1",
		"deep nesting":          "a" + strings.Repeat("[b]", 100) + "=1",
		"many parameters":       strings.Repeat("a[]=1&", 2000),
	} {
		if params, err := queryParams(text); err == nil {
			t.Errorf("%s: %v", name, params)
		}
	}
}

// Nothing after the maximum number of parameters is parsed.
func TestTooManyParameters(t *testing.T) {
	const want = "There are too many parameters; the maximum is 1000."
	part := "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"
	for name, read := range map[string]func(n int) (map[string]any, error){
		"a query": func(n int) (map[string]any, error) {
			return queryParams("&" + strings.Repeat("a=1&", n) + "&%zz")
		},
		"a query without names": func(n int) (map[string]any, error) {
			return queryParams(strings.Repeat("=1&", n) + "%zz")
		},
		"parts": func(n int) (map[string]any, error) {
			return multipartParams([]byte(strings.Repeat(part, n)+"--x\r\nbroken\r\n\r\n--x--"), "x")
		},
		"parts without names": func(n int) (map[string]any, error) {
			return multipartParams([]byte(strings.Repeat("--x\r\n\r\n1\r\n", n)+"--x\r\nbroken\r\n\r\n--x--"), "x")
		},
	} {
		if _, err := read(maxPairs - 1); err == nil || err.Error() == want {
			t.Errorf("%s: what is broken after %d is taken: %v", name, maxPairs-1, err)
		}
		if _, err := read(maxPairs + 1); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

// A parameter that is given in two contradicting notations is an error that names it.
func TestMixedSpellings(t *testing.T) {
	for text, name := range map[string]string{
		"a[b]=1&a=2": "a", "a[]=1&a[b]=2": "a", "a[b][c]=1&a[b][]=2": "a[b]", "r[0][a][b]=1&r[0][a]=2": "r[][a]",
	} {
		params, err := queryParams(text)
		if err == nil {
			t.Errorf("%s: %v", text, params)
			continue
		}
		checkBadRequest(t, err)
		if !strings.Contains(err.Error(), `"`+name+`" is given both`) {
			t.Errorf("%s: %v, which does not name %s", text, err, name)
		}
	}
}
