package contract

import (
	"strings"
	"testing"
	"unicode/utf16"
)

// Bodies that do not match their content type, and input that attacks
// parsers.
func TestHostileBodies(t *testing.T) {
	const (
		parsing   = "error parsing request body"
		blankName = "Name can't be blank"
		badKey    = "Key invalid, key should be of the format"
	)
	typed := func(contentType, body string) string {
		return send("POST", "/v2/account/keys", "Content-Type: "+contentType+"\r\n", body)
	}
	json := func(body string) string { return typed("application/json", body) }
	utf16LE := func(text string) string {
		var b strings.Builder
		for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
			b.WriteByte(byte(unit))
			b.WriteByte(byte(unit >> 8))
		}
		return b.String()
	}
	form := func(body string) string { return typed("application/x-www-form-urlencoded", body) }
	parts := func(body string) string { return send("POST", "/v2/account/keys", asPart, body) }
	whole := part("name", "a") + part("public_key", otherKey) + "--x--"
	hostile(t, []rawRequest{
		// Types.
		{"two types", send("POST", "/v2/account/keys", asJSON+asForm, "{}"), 400, "bad_request", "Content-Type is given 2 times; send it once."},
		{"a type twice", send("POST", "/v2/account/keys", asJSON+asJSON, "{}"), 400, "bad_request", "Content-Type is given 2 times; send it once."},
		{"two types in one header", typed("application/json, text/plain", "{}"), 415, "unsupported_media_type", "application/json, text/plain"},
		{"an empty type", typed("", `{"name":""}`), 422, "unprocessable_entity", blankName},
		{"JSON with half a parameter", typed("application/json; charset", "{}"), 422, "unprocessable_entity", "can't be blank"},
		{"text with half a parameter", typed("text/plain; charset", "name=a"), 415, "unsupported_media_type", "text/plain"},
		{"parts with half a parameter", typed("multipart/form-data; boundary=x; charset", part("name", "a")+"--x--"), 415, "unsupported_media_type", "multipart/form-data"},
		{"a type that is none", typed(";;;", "{}"), 415, "unsupported_media_type", "send application/json"},
		{"a type of text", typed("text/plain", "name=a"), 415, "unsupported_media_type", "text/plain"},
		{"a type of 64 KiB", typed(strings.Repeat("a", 64<<10)+"/b", "x"), 415, "unsupported_media_type", "send application/json"},
		{"a type that is not UTF-8", typed("\xff/\xfe", "x"), 415, "unsupported_media_type", "send application/json"},
		{"a form as JSON", json("name=a"), 400, "bad_request", parsing},
		{"JSON as a form", form(`{"name":" "}`), 422, "unprocessable_entity", blankName},
		{"JSON as parts", parts(`{"name":"a"}`), 400, "bad_request", "the boundary that ends the form is missing"},
		{"parts as JSON", json(whole), 400, "bad_request", parsing},
		{"parts as a form", form(whole), 422, "unprocessable_entity", blankName},
		{"an array as a form", form(`[{"name":"a"}]`), 422, "unprocessable_entity", blankName},

		// JSON.
		{"an array", json("[]"), 400, "bad_request", "a JSON object is expected"},
		{"a string", json(`"name"`), 400, "bad_request", "a JSON object is expected"},
		{"blanks", json(" \r\n\t "), 422, "unprocessable_entity", blankName},
		{"half an object", json(`{"name":"a"`), 400, "bad_request", parsing},
		{"two objects", json(`{"name":"a"}{"name":"b"}`), 400, "bad_request", "there is more after the JSON object"},
		{"a comma too many", json(`{"name":"a",}`), 400, "bad_request", parsing},
		{"single quotes", json(`{'name':'a'}`), 400, "bad_request", parsing},
		{"a comment", json(`{/* */"name":"a"}`), 400, "bad_request", parsing},
		{"a line's end in a string", json("{\"name\":\"a\nb\"}"), 400, "bad_request", parsing},
		{"a NUL in a string", json("{\"name\":\"a\x00b\"}"), 400, "bad_request", parsing},
		{"a NUL after the object", json("{}\x00"), 400, "bad_request", parsing},
		{"an unknown escape", json(`{"name":"\x41"}`), 400, "bad_request", parsing},
		{"a name twice", json(`{"name":"a","name":" "}`), 422, "unprocessable_entity", blankName},
		{"a name in another case", json(`{"NAME":"a","public_key":"x"}`), 422, "unprocessable_entity", blankName},
		{"a name by an escape", json(`{"n\u0061me":"a","public_key":"x"}`), 422, "unprocessable_entity", badKey},
		{"an empty name", json(`{"":1}`), 422, "unprocessable_entity", blankName},
		{"names of JavaScript's objects", json(`{"__proto__":{"name":"a"},"constructor":1}`), 422, "unprocessable_entity", blankName},
		{"a byte order mark", json("\xef\xbb\xbf" + `{"name":" "}`), 422, "unprocessable_entity", blankName},
		{"two byte order marks", json("\xef\xbb\xbf\xef\xbb\xbf{}"), 400, "bad_request", parsing},
		{"UTF-16", json(utf16LE(`{"name":"a"}`)), 400, "bad_request", "JSON must be in UTF-8"},
		{"UTF-16 without its mark", json(utf16LE(`{"name":"a"}`)[2:]), 400, "bad_request", parsing},
		{"Latin-1", json("{\"name\":\"caf\xe9\"}"), 400, "bad_request", "JSON must be in UTF-8"},
		{"UTF-8 that is too long", json("{\"name\":\"\xc0\xaf\"}"), 400, "bad_request", "JSON must be in UTF-8"},
		{"a surrogate in UTF-8", json("{\"name\":\"\xed\xa0\x80\"}"), 400, "bad_request", "JSON must be in UTF-8"},
		{"a lone surrogate", json(`{"name":"\ud800"}`), 400, "bad_request", `the escape \ud800 is half a character`},
		{"a lone low surrogate", json(`{"name":"\uDC00"}`), 400, "bad_request", `the escape \uDC00 is half a character`},
		{"surrogates in the wrong order", json(`{"name":"\udc00\ud800"}`), 400, "bad_request", `the escape \udc00 is half a character`},
		{"a pair of surrogates", json(`{"name":"\ud83d\ude00","public_key":"x"}`), 422, "unprocessable_entity", badKey},
		{"a surrogate behind a backslash", json(`{"name":"\\ud800","public_key":"x"}`), 422, "unprocessable_entity", badKey},
		{"9,000 arrays deep", json(`{"name":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`), 422, "unprocessable_entity", "Name must be a string, not an array"},
		{"500,000 arrays deep", json(`{"name":` + strings.Repeat("[", 500000) + strings.Repeat("]", 500000) + `}`), 400, "bad_request", parsing},
		{"300,000 objects deep and open", json(strings.Repeat(`{"a":`, 200000)), 400, "bad_request", parsing},
		{"10,000 names", json(`{"a":1` + strings.Repeat(`,"b":1`, 10000) + `}`), 422, "unprocessable_entity", blankName},
		{"100,000 names", json(`{"a":1` + strings.Repeat(`,"b":1`, 100000) + `}`), 400, "bad_request", "more than 20000 values"},

		// Forms.
		{"a broken escape", form("name=%zz"), 400, "bad_request", `invalid URL escape "%zz"`},
		{"half an escape", form("name=%4"), 400, "bad_request", "invalid URL escape"},
		{"an escaped byte that is not UTF-8", form("name=%ff"), 400, "bad_request", `not UTF-8 in the parameter "name"`},
		{"a byte that is not UTF-8", form("name=\xff"), 400, "bad_request", `not UTF-8 in the parameter "name"`},
		{"a name that is not UTF-8", form("%ff=a"), 400, "bad_request", "not UTF-8"},
		{"an escaped NUL", form("name=a&public_key=%00"), 422, "unprocessable_entity", "Public key must not hold NUL characters"},
		{"only signs", form("&&==&"), 422, "unprocessable_entity", blankName},
		{"2,000 parameters", form(strings.Repeat("a=1&", 2000)), 400, "bad_request", "the maximum is 1000"},
		{"brackets 100 deep", form("name" + strings.Repeat("[a]", 100) + "=1"), 400, "bad_request", "the maximum is 8"},
		{"brackets 100,000 deep", form("name" + strings.Repeat("[a]", 100000) + "=1"), 400, "bad_request", "the maximum is 8"},
		{"brackets that don't close", form("name[a=1&public_key=x"), 422, "unprocessable_entity", blankName},
		{"a text and an object of one name", form("name=a&name[b]=c"), 400, "bad_request", `"name" is given both`},
		{"a huge index", form("name[2147483648]=a"), 422, "unprocessable_entity", "Name must be a string, not an object"},
		{"an index", form("name[2147483647]=a"), 422, "unprocessable_entity", "Name must be a string, not an array"},
		{"a semicolon for an ampersand", form("name=+;public_key=x"), 422, "unprocessable_entity", badKey},
		{"a name twice in a form", form("name=a&name=+"), 422, "unprocessable_entity", blankName},

		// Parts.
		{"no boundary", typed("multipart/form-data", whole), 400, "bad_request", "must come with its boundary"},
		{"an empty boundary", typed(`multipart/form-data; boundary=""`, whole), 400, "bad_request", "must come with its boundary"},
		{"two boundaries", typed("multipart/form-data; boundary=x; boundary=y", whole), 415, "unsupported_media_type", "multipart/form-data"},
		{"another boundary", typed("multipart/form-data; boundary=y", whole), 400, "bad_request", "the boundary that ends the form is missing"},
		{"no end", parts(strings.TrimSuffix(whole, "--x--")), 400, "bad_request", "the boundary that ends the form is missing"},
		{"an end that is none", parts(strings.TrimSuffix(whole, "--")), 400, "bad_request", "the boundary that ends the form is missing"},
		{"an end in a value", parts(part("name", "--x--") + "--x"), 422, "unprocessable_entity", blankName},
		{"nothing but the end", parts("--x--"), 422, "unprocessable_entity", blankName},
		{"a part without a name", parts("--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--"), 422, "unprocessable_entity", blankName},
		{"a part without headers", parts("--x\r\n\r\na\r\n--x--"), 422, "unprocessable_entity", blankName},
		{"a part with broken headers", parts("--x\r\nnonsense\r\n\r\na\r\n--x--"), 400, "bad_request", parsing},
		{"a part with half a header", parts("--x\r\nContent-Disposition: form-data; name=\"a\r\n\r\na\r\n--x--"), 422, "unprocessable_entity", blankName},
		{"a part with a long header", parts("--x\r\nX-A: " + strings.Repeat("a", 64<<10) + "\r\n\r\na\r\n--x--"), 422, "unprocessable_entity", blankName},
		{"a part that is not UTF-8", parts(part("name", "\xff") + "--x--"), 400, "bad_request", `not UTF-8 in the parameter "name"`},
		{"a part with a NUL", parts(part("name", "a") + part("public_key", "\x00") + "--x--"), 422, "unprocessable_entity", "Public key must not hold NUL characters"},
		{"2,000 parts", parts(strings.Repeat(part("a", ""), 2000) + "--x--"), 400, "bad_request", "the maximum is 1000"},
		{"a form within a form", parts("--x\r\nContent-Disposition: form-data; name=\"name\"\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\n--y--\r\n--x--"), 422, "unprocessable_entity", badKey},
	})
}

// Values of the wrong type, and numbers that are too large.
func TestHostileValues(t *testing.T) {
	const bounds = "holds a number that is out of all bounds"
	create := func(members string) string { return send("POST", "/v2/droplets", asJSON, with(members)) }
	form := func(pairs string) string {
		return send("POST", "/v2/droplets", asForm, "name=a&size=1gb&image=micro&"+pairs)
	}
	hostile(t, []rawRequest{
		{"1e400", create(`"image":1e400`), 422, "unprocessable_entity", "Image " + bounds},
		{"1e30", create(`"image":1e30`), 422, "unprocessable_entity", "Image " + bounds},
		{"-1e400", create(`"ssh_keys":[-1e400]`), 422, "unprocessable_entity", "Ssh keys " + bounds},
		{"1e-400", create(`"image":1e-400`), 422, "unprocessable_entity", "Image must be an integer or string, not a number"},
		{"1e-999999999", create(`"image":1e-999999999`), 422, "unprocessable_entity", "Image " + bounds},
		{"1e999999999999999999999", create(`"image":1e999999999999999999999`), 422, "unprocessable_entity", "Image " + bounds},
		{"100,000 digits", create(`"image":` + strings.Repeat("9", 100000)), 422, "unprocessable_entity", "Image " + bounds},
		{"100,000 digits after the point", create(`"image":1.` + strings.Repeat("0", 100000)), 422, "unprocessable_entity", "Image " + bounds},
		{"one more than an integer holds", create(`"image":9223372036854775808`), 422, "unprocessable_entity", "Image " + bounds},
		{"as much as an integer holds", create(`"image":9223372036854775807`), 422, "unprocessable_entity", "invalid image"},
		{"as little as an integer holds", create(`"image":-9223372036854775808`), 422, "unprocessable_entity", "invalid image"},
		{"-0", create(`"image":-0`), 422, "unprocessable_entity", "invalid image"},
		{"-0.0", create(`"ssh_keys":[-0.0]`), 422, "unprocessable_entity", "0 are invalid key identifiers"},
		{"a number with a plus", create(`"image":+1`), 400, "bad_request", "error parsing request body"},
		{"a number with a zero before", create(`"image":01`), 400, "bad_request", "error parsing request body"},
		{"a number in hex", create(`"image":0x1`), 400, "bad_request", "error parsing request body"},
		{"NaN", create(`"image":NaN`), 400, "bad_request", "error parsing request body"},
		{"Infinity", create(`"image":-Infinity`), 400, "bad_request", "error parsing request body"},
		{"a fraction", create(`"ssh_keys":[1.5]`), 422, "unprocessable_entity", "Ssh keys.0 must be an integer or string, not a number"},
		{"a switch of 2", create(`"ipv6":2`), 422, "unprocessable_entity", "Ipv6 must be a boolean, not a number"},
		{"a switch of null's text", create(`"ipv6":"null"`), 422, "unprocessable_entity", "Ipv6 must be a boolean, not a string"},
		{"a switch of an object", create(`"ipv6":{}`), 422, "unprocessable_entity", "Ipv6 must be a boolean, not an object"},
		{"a NUL in a name", create(`"name":"a\u0000"`), 422, "unprocessable_entity", "Name must not hold NUL characters"},
		{"a NUL in user data", create(`"user_data":"#!/bin/sh\u0000"`), 422, "unprocessable_entity", "User data must not hold NUL characters"},
		{"a NUL in a region", create(`"region":"\u0000"`), 422, "unprocessable_entity", "Region must not hold NUL characters"},
		{"a NUL in an image", create(`"image":"micro\u0000"`), 422, "unprocessable_entity", "Image must not hold NUL characters"},
		{"a NUL in a tag", create(`"tags":["\u0000"]`), 422, "unprocessable_entity", "Tags must not hold NUL characters"},
		{"a name of 1 MB", create(`"name":"` + strings.Repeat("a", 1<<20-500) + `"`), 422, "unprocessable_entity", "the maximum is 255"},
		{"a tag of 1 MB", create(`"tags":["` + strings.Repeat("a", 1<<20-500) + `"]`), 422, "unprocessable_entity", "up to 255"},
		{"an enormous key", create(`"ssh_keys":["` + strings.Repeat("a", 1<<20-500) + `"]`), 422, "unprocessable_entity", "are invalid key identifiers for Droplet creation."},
		{"10,000 keys", create(`"ssh_keys":[0` + strings.Repeat(",0", 10000) + `]`), 422, "unprocessable_entity", "Ssh keys has 10001 entries, the maximum is 200"},
		{"10,000 names", create(`"names":["a"` + strings.Repeat(`,"a"`, 10000) + `]`), 422, "unprocessable_entity", "Names has 10001 entries, the maximum is 10"},
		{"100,000 keys", create(`"ssh_keys":[0` + strings.Repeat(",0", 100000) + `]`), 400, "bad_request", "more than 20000 values"},
		{"volumes 9,000 deep", create(`"volumes":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000)), 422, "unprocessable_entity", "Volumes.0 must be a string or object"},
		{"a policy 9,000 deep", create(`"backup_policy":` + strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000)), 422, "unprocessable_entity", "Backup policy.plan can't be blank"},
		{"SQL", create(`"image":"' OR 1=1 --"`), 422, "unprocessable_entity", "invalid image"},
		{"HTML", create(`"tags":["<script>alert(1)</script>"]`), 422, "unprocessable_entity", "Tag"},
		{"a path", create(`"image":"../../etc/passwd"`), 422, "unprocessable_entity", "invalid image"},
		{"JSON in a form and more", form(`tags=["a"]]`), 422, "unprocessable_entity", "Tag"},
		{"deep JSON in a form", form("tags=" + strings.Repeat("[", 9000) + strings.Repeat("]", 9000)), 422, "unprocessable_entity", "Tag"},
		{"deeper JSON in a form", form("tags=" + strings.Repeat("[", 20000) + strings.Repeat("]", 20000)), 400, "bad_request", "more than 20000 values"},
		{"a huge number in a form", form("ssh_keys=1e999"), 422, "unprocessable_entity", "1e999 are invalid key identifiers"},
		{"a huge number in a form's JSON", form("ssh_keys=[1e999]"), 422, "unprocessable_entity", "Ssh keys " + bounds},
		{"a switch of no word", form("ipv6=maybe"), 422, "unprocessable_entity", "Ipv6 must be a boolean, not a string"},
		{"an action of a NUL", send("POST", "/v2/droplets/1/actions", asJSON, `{"type":"power_off\u0000"}`), 422, "unprocessable_entity", "Type must not hold NUL characters"},
		{"an action of an array", send("POST", "/v2/droplets/1/actions", asForm, "type[]=power_off"), 422, "unprocessable_entity", "Type must be a string, not an array"},
		{"an action in another case", send("POST", "/v2/droplets/1/actions", asJSON, `{"type":"POWER_OFF"}`), 422, "unprocessable_entity", "Type is invalid"},
	})
}
