package schema_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
	"github.com/rockpool-cloud/rockpool/internal/front/schema"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

const thing = `{"title": "Thing", "description": "A thing.", "type": ["object"], "one": "thing", "many": "things", "definitions": {
	"integer": {"description": "d", "example": 1, "type": ["integer"]}, "number": {"description": "d", "example": 1.5, "type": ["number"]},
	"boolean": {"description": "d", "example": true, "type": ["boolean"]}, "text": {"description": "d", "example": "a", "type": ["string"]},
	"maybe": {"description": "d", "example": 1, "type": ["integer", "null"]}, "word": {"description": "d", "example": "a", "type": ["string", "null"]}, "share": {"description": "d", "example": 1.5, "type": ["number", "null"]},
	"draft": {"description": "d", "example": "a", "type": ["string", "boolean", "null"]}, "either": {"description": "d", "example": 1, "type": ["integer", "string"]},
	"list": {"description": "d", "type": ["array"], "maxItems": 200, "items": {"$ref": "#/definitions/thing/definitions/integer"}},
	"object": {"description": "d", "type": ["object"], "properties": {"n": {"$ref": "#/definitions/thing/definitions/integer"}}},
	"anything": {"description": "d", "example": {}, "type": ["object"], "additionalProperties": true}},
	"properties": {"text": {"$ref": "#/definitions/thing/definitions/text"}},
	"links": [{"title": "Create", "description": "Make one.", "method": "POST", "href": "/things", "scope": "thing:create", "rel": "create", "schema": {"type": ["object"], "properties": {
		"integer": {"$ref": "#/definitions/thing/definitions/integer"}, "number": {"$ref": "#/definitions/thing/definitions/number"},
		"boolean": {"$ref": "#/definitions/thing/definitions/boolean"}, "text": {"$ref": "#/definitions/thing/definitions/text"},
		"word": {"$ref": "#/definitions/thing/definitions/word"}, "share": {"$ref": "#/definitions/thing/definitions/share"},
		"draft": {"$ref": "#/definitions/thing/definitions/draft"}, "maybe": {"$ref": "#/definitions/thing/definitions/maybe"}, "identity": {"$ref": "#/definitions/thing/definitions/either"},
		"list": {"$ref": "#/definitions/thing/definitions/list"}, "object": {"$ref": "#/definitions/thing/definitions/object"},
		"anything": {"$ref": "#/definitions/thing/definitions/anything"}}}}]}`

func decode(t *testing.T, text string) (params map[string]any, ok bool) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	ok = decoder.Decode(&params) == nil
	return params, ok
}

func encode(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCoerce(t *testing.T) {
	loaded, err := schema.Load(map[string][]byte{"thing": []byte(thing)})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`{"integer":"12","number":"1.5","boolean":"on","text":7}`:                 `{"boolean":true,"integer":12,"number":1.5,"text":"7"}`,
		`{"integer":3.0,"maybe":"null","identity":2.0}`:                           `{"identity":2,"integer":3,"maybe":null}`,
		`{"integer":" 4 ","boolean":0,"list":"1, 2"}`:                             `{"boolean":false,"integer":4,"list":[1,2]}`,
		`{"list":"[1,\"2\"]","object":"{\"n\":\"3\"}"}`:                           `{"list":[1,2],"object":{"n":3}}`,
		`{"object":{"n":"1","N":"x","m":null,"k":{}},"anything":{"a":"1","b":2}}`: `{"anything":{"a":"1","b":2},"object":{"n":1}}`,
		`{"integer":null,"unknown":1}`:                                            `{}`,
	} {
		sent, _ := decode(t, text)
		params := loaded.Links[0].Gather(sent)
		if diff := cmp.Diff(want, encode(t, params)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
		if err := loaded.Links[0].Validate(params); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		`{"integer":"1x"}`:                  "Integer must be an integer, not a string",
		`{"integer":1.5}`:                   "Integer must be an integer, not a number",
		`{"integer":9223372036854775808}`:   "Integer holds a number that is out of all bounds",
		`{"integer":"9223372036854775808"}`: "Integer must be an integer, not a string",
		`{"number":1e400}`:                  "Number holds a number that is out of all bounds",
		`{"anything":{"a":[1e-999999]}}`:    "Anything holds a number that is out of all bounds",
		`{"list":"[1]]"}`:                   "List.0 must be an integer, not a string",
		`{"object":"{}}"}`:                  "Object must be an object, not a string",
		`{"object":{"n":[]}}`:               "Object.n must be an integer, not an array",
		`{"boolean":"maybe"}`:               "Boolean must be a boolean, not a string",
	} {
		sent, _ := decode(t, text)
		params := loaded.Links[0].Gather(sent)
		if err := loaded.Links[0].Validate(params); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// A form has texts only. Some of them mean null.
func TestCoerceForms(t *testing.T) {
	loaded, err := schema.Load(map[string][]byte{"thing": []byte(thing)})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		value any
		names string // of the parameters that have it
		want  string // JSON, of each
	}{
		{schema.Text("null"), "word share draft maybe", `null`},
		{schema.Text(""), "word share maybe", `null`},
		{schema.Text(""), "draft text", `""`},
		{schema.Text("null"), "text", `"null"`},
		{schema.Text(" "), "word", `" "`},
		{schema.Text("nullify"), "word draft", `"nullify"`},
		{schema.Text("1.5"), "share number", `1.5`},
		{schema.Text("7"), "maybe integer", `7`},
		{schema.Text("7"), "word text", `"7"`},
		{schema.Repeated{"a", "null"}, "word", `null`},
		{schema.Repeated{"1", "2"}, "list", `[1,2]`},
		{[]any{schema.Text("1"), schema.Text("2")}, "list", `[1,2]`},
		{map[string]any{"n": schema.Text("1")}, "object", `{"n":1}`},
		{map[string]any{"n": schema.Text("1")}, "anything", `{"n":"1"}`},
		{"null", "word text draft", `"null"`},
		{"null", "share maybe", `null`},
		{"", "word", `""`},
	} {
		for name := range strings.FieldsSeq(test.names) {
			params := loaded.Links[0].Gather(map[string]any{name: test.value})
			if got := encode(t, params); got != `{"`+name+`":`+test.want+`}` {
				t.Errorf("%s %#v: %s, want %s", name, test.value, got, test.want)
			}
			if err := loaded.Links[0].Validate(params); err != nil {
				t.Errorf("%s %#v: %v", name, test.value, err)
			}
		}
	}
	params := loaded.Links[0].Gather(map[string]any{"number": schema.Text("null")})
	if err := loaded.Links[0].Validate(params); err == nil || err.Error() != "Number must be a number, not a string" {
		t.Errorf("null where none can be: %v", err)
	}
}

// A JSON literal in a text is rejected for the same reasons as a JSON body.
func TestHalfCharactersInLiterals(t *testing.T) {
	loaded := served(t)
	i := slices.IndexFunc(loaded.Links, func(l *schema.Link) bool { return l.Route() == "POST /droplets" })
	for _, test := range []struct {
		name  string
		value any
		fault string // empty if it is none
	}{
		{"tags", schema.Text(`["\ud800"]`), `error parsing the parameter tags: the escape \ud800 is half a character`},
		{"tags", `["a","\udfffb"]`, `error parsing the parameter tags: the escape \udfff is half a character`},
		{"backup_policy", schema.Text(`{"plan":"\ud83d"}`), `error parsing the parameter backup_policy: the escape \ud83d is half a character`},
		{"user_data", schema.Text(`{"a":"\ud800"}`), ""}, // the parameter's type is string
		{"tags", schema.Text(`["\u0061"]`), ""},
	} {
		params := loaded.Links[i].Gather(map[string]any{"name": "a", "size": "1gb", "image": "micro", test.name: test.value})
		err := loaded.Links[i].Validate(params)
		if e := new(apierr.Error); test.fault != "" && (!errors.As(err, &e) || e.Kind != apierr.KindBadRequest || e.Message != test.fault) || test.fault == "" && err != nil {
			t.Errorf("%s %v: %v, want %q", test.name, test.value, err, test.fault)
		}
	}
}

// FuzzParameters sends any JSON to each link of the real schema. Accepted numbers
// fit an int64 or a float64. Errors name a field and a reason.
func FuzzParameters(f *testing.F) {
	loaded := served(f)
	for _, seed := range []string{
		`{"name":"a","size":"1gb","image":"micro","ssh_keys":"1,2","tags":["a"],"ipv6":"on","backup_policy":{"plan":"weekly","hour":"4"}}`,
		`{"name":["a"],"names":"a,b","image":1e400,"ssh_keys":[1.0,-0,"x",null,[]],"volumes":"[[]]","monitoring":2,"vpc_uuid":null}`,
		`{"type":"power_off","private":"yes","tag_name":1,"public_key":{},"name":{"name":1}}`,
		`{"image":1e999999999,"size":-0.0,"region":true,"user_data":[1],"backup_policy":"{\"a\":1e9}","tags":"[\"a\",1]"}`,
		`{"name":"a","tags":"[\"\\ud800\"]"}`,
	} {
		for i := range loaded.Links {
			f.Add(uint(i), seed)
		}
	}
	f.Fuzz(func(t *testing.T, index uint, text string) {
		link := loaded.Links[index%uint(len(loaded.Links))]
		all, ok := decode(t, text)
		if !ok {
			return
		}
		params := link.Gather(all)
		err := link.Validate(params)
		before := encode(t, params)
		if after := encode(t, link.Gather(params)); after != before {
			t.Errorf("%s %s: coerced twice %s becomes %s", link.Route(), text, before, after)
		}
		if err == nil {
			checkNumbers(t, params)
			return
		}
		var e *apierr.Error
		if errors.As(err, &e) && e.Kind == apierr.KindBadRequest && strings.Contains(e.Message, "is half a character") {
			return
		}
		if !errors.As(err, &e) || e.Kind != apierr.KindInvalid || len(e.Fields) == 0 || e.Fields[0].Message != e.Message {
			t.Errorf("%s %s: refused with %#v", link.Route(), text, err)
		}
	})
}

// served returns the schema of the server.
func served(t testing.TB) *schema.Schema {
	t.Helper()
	files, err := filepath.Glob("../../*/*/*schema.json")
	if err != nil {
		t.Fatal(err)
	}
	definitions := map[string][]byte{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var definition struct{ ID string }
		if err := json.Unmarshal(text, &definition); err != nil {
			t.Fatal(err)
		}
		definitions[strings.TrimPrefix(definition.ID, "schema/")] = text
	}
	resources, err := (&droplet.Service{}).Resources()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range resources { // the droplet resource has more than is in its file
		definitions[r.Name] = r.Schema
	}
	loaded, err := schema.Load(definitions)
	if err != nil || len(loaded.Links) < 20 {
		t.Fatalf("%s: %v", files, err)
	}
	if err := loaded.Check(); err != nil {
		t.Fatal(err)
	}
	return loaded
}

// checkNumbers fails the test for a number that fits neither an int64 nor a float64.
func checkNumbers(t *testing.T, value any) {
	t.Helper()
	switch v := value.(type) {
	case json.Number:
		r, ok := new(big.Rat).SetString(v.String())
		if !ok || r.IsInt() && !r.Num().IsInt64() {
			t.Errorf("%.100s is accepted", v)
		}
	case []any:
		for _, item := range v {
			checkNumbers(t, item)
		}
	case map[string]any:
		for _, member := range v {
			checkNumbers(t, member)
		}
	}
}
