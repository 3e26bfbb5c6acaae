package contract

import (
	"strings"
	"testing"
)

// Invalid pages and ranges of lists. An invalid page counts as the default
// page. An invalid range is rejected. A header that is not a range is
// ignored.
func TestHostilePagesAndRanges(t *testing.T) {
	const unsatisfiable = "requested_range_not_satisfiable"
	ranged := func(header string) string { return get("/v2/account/keys", "Range: "+header+"\r\n") }
	paged := func(query string) string { return get("/v2/account/keys?"+query, "") }
	hostile(t, []rawRequest{
		{"bytes", ranged("bytes=0-99"), 200, "", `"ssh_keys":[{`},
		{"bytes of nothing", ranged("bytes="), 200, "", `"ssh_keys":[{`},
		{"bytes without a sign", ranged("bytes 0-99"), 416, unsatisfiable, ".."},
		{"an unknown unit", ranged("pages=1"), 200, "", `"ssh_keys":[{`},
		{"an empty range", ranged(""), 200, "", `"ssh_keys":[{`},
		{"two ranges of bytes", get("/v2/account/keys", "Range: bytes=0-1\r\nRange: bytes=2-3\r\n"), 200, "", `"ssh_keys":[{`},
		{"two ranges", get("/v2/account/keys", "Range: id ..; max=1\r\nRange: id ..; max=2\r\n"), 416, unsatisfiable, `"id .."`},
		{"two ranges of texts", get("/v2/account/keys", "Range: fingerprint ..a\r\nRange: fingerprint b..\r\n"), 416, unsatisfiable, "Range has .. twice"},
		{"an unknown attribute", ranged("name .."), 416, unsatisfiable, "Range attribute must be one of: id, fingerprint"},
		{"an attribute in another case", ranged("ID .."), 416, unsatisfiable, "Range attribute must be one of: id, fingerprint"},
		{"an attribute of 64 KiB", ranged(strings.Repeat("a", 64<<10) + " .."), 416, unsatisfiable, "Range attribute must be one of: id, fingerprint"},
		{"an attribute that is SQL", ranged("id;DROP TABLE ssh_keys .."), 416, unsatisfiable, "Range knows max and order"},
		{"no attribute", ranged("; max=1"), 416, unsatisfiable, "Range has no attribute; the list has the attributes id, fingerprint"},
		{"no space", ranged("id]1.."), 416, unsatisfiable, "Range attribute must be one of: id, fingerprint"},
		{"one dot", ranged("id 1.2"), 416, unsatisfiable, ".."},
		{"three dots", ranged("id 1...2"), 416, unsatisfiable, "not a number"},
		{"two pairs of dots", ranged("id 1..2..3"), 416, unsatisfiable, "Range has .. twice"},
		{"brackets everywhere", ranged("id ]]1..2[["), 416, unsatisfiable, "bracket"},
		{"a bracket on the wrong side", ranged("id 1]..2"), 416, unsatisfiable, "bracket"},
		{"a beginning after its end", ranged("id 5..1"), 416, unsatisfiable, "Range begins at 5, after its end 1"},
		{"a fraction", ranged("id 1.5.."), 416, unsatisfiable, "not a number"},
		{"1e3", ranged("id 1e3.."), 416, unsatisfiable, "not a number"},
		{"a space in a number", ranged("id 1 0.."), 416, unsatisfiable, "not a number"},
		{"a number that no integer holds", ranged("id ]9223372036854775808.."), 416, unsatisfiable, "not a number"},
		{"the largest number", ranged("id ]9223372036854775807.."), 206, "", `"ssh_keys":[]`},
		{"a negative number", ranged("id -9223372036854775808.."), 200, "", `"ssh_keys":[{`},
		{"bytes that are not UTF-8", ranged("fingerprint \xff.."), 206, "", `"ssh_keys":[]`},
		{"an unknown attribute that is not UTF-8", ranged("\xff .."), 416, unsatisfiable, "Range attribute must be one of: id, fingerprint"},
		{"64 KiB that are not UTF-8", ranged("id " + strings.Repeat("\x80", 64<<10) + ".."), 416, unsatisfiable, "not a number"},
		{"an encoded value", ranged("id %31.."), 416, unsatisfiable, "not a number"},
		{"max of 0", ranged("id ..; max=0"), 416, unsatisfiable, "max must be a number from 1 to 1000; the list has the attributes id, fingerprint"},
		{"max of -1", ranged("id ..; max=-1"), 416, unsatisfiable, "max must be a number from 1 to 1000"},
		{"max of 1e9", ranged("id ..; max=1e9"), 416, unsatisfiable, "max must be a number from 1 to 1000"},
		{"max of nothing", ranged("id ..; max="), 416, unsatisfiable, "max must be a number from 1 to 1000"},
		{"max without its sign", ranged("id ..; max"), 416, unsatisfiable, "max must be a number from 1 to 1000"},
		{"max of 100 digits", ranged("id ..; max=" + strings.Repeat("9", 100)), 200, "", `"ssh_keys":[{`},
		{"max in another case", ranged("id ..; MAX=1"), 416, unsatisfiable, "Range knows max and order"},
		{"an unknown order", ranged("id ..; order=random()"), 416, unsatisfiable, "order must be asc or desc"},
		{"a value without a name", ranged("id ..; =1"), 416, unsatisfiable, "Range knows max and order"},
		{"only separators", ranged("id ..;;,;, ,"), 200, "", `"ssh_keys":[{`},
		{"10,000 parameters", ranged("id ..;" + strings.Repeat("max=1;", 10000)), 200, "", `"ssh_keys":[{`},
		{"a range where there is no list", get("/v2/account", "Range: nonsense\r\n"), 200, "", "droplet_limit"},
		{"a range on what can't be found", get("/v2/droplets/9/actions", "Range: nonsense\r\n"), 404, "not_found", "could not be found"},

		{"page=NaN", paged("page=NaN"), 200, "", `"ssh_keys":[{`},
		{"page=0", paged("page=0"), 200, "", `"ssh_keys":[{`},
		{"page=-1", paged("page=-1"), 200, "", `"ssh_keys":[{`},
		{"page=1.5", paged("page=1.5"), 200, "", `"ssh_keys":[{`},
		{"page=9223372036854775807", paged("page=9223372036854775807&per_page=200"), 200, "", `"ssh_keys":[]`},
		{"page of 100 digits", paged("page=" + strings.Repeat("9", 100)), 200, "", `"ssh_keys":[]`},
		{"page of -100 digits", paged("page=-" + strings.Repeat("9", 100)), 200, "", `"ssh_keys":[{`},
		{"page twice", paged("page=1&page=2"), 200, "", `"ssh_keys":[{`},
		{"page in brackets", paged("page[]=2"), 200, "", `"ssh_keys":[{`},
		{"page with a NUL", paged("page=%001"), 200, "", `"ssh_keys":[{`},
		{"page with a broken escape", paged("page=%zz"), 400, "bad_request", "invalid URL escape"},
		{"page before a range that is refused", get("/v2/account/keys?page=1", "Range: nonsense\r\n"), 200, "", `"ssh_keys":[{`},
		{"per_page=0", paged("per_page=0"), 200, "", `"ssh_keys":[{`},
		{"per_page=-1", paged("per_page=-1"), 200, "", `"ssh_keys":[{`},
		{"per_page=1e9", paged("per_page=1e9"), 200, "", `"ssh_keys":[{`},
		{"per_page of 100 digits", paged("per_page=" + strings.Repeat("9", 100)), 200, "", `"ssh_keys":[{`},
		{"a filter of a wrong type", get("/v2/images?private=maybe", ""), 422, "unprocessable_entity", "Private must be a boolean"},
		{"a filter of no kind", get("/v2/images?type=x", ""), 422, "unprocessable_entity", "Type must be one of"},
		{"a filter that is SQL", get("/v2/droplets?name='+OR+1=1+--", ""), 200, "", `"droplets":[]`},
		{"a filter with a NUL", get("/v2/droplets?name=%00", ""), 422, "unprocessable_entity", "Name must not hold NUL characters"},
		{"a filter that is not UTF-8", get("/v2/droplets?name=%ff", ""), 400, "bad_request", "not UTF-8"},
		{"a filter of 50 KiB", get("/v2/droplets?name="+strings.Repeat("a", 50<<10), ""), 200, "", `"droplets":[]`},
		{"a query of 20,000 names", get("/v2/droplets?"+strings.Repeat("a&", 20000), ""), 400, "bad_request", "the maximum is 1000"},
		{"two question marks", get("/v2/droplets??name=x", ""), 200, "", `"droplets":[{`},
		{"a query that is not encoded", get("/v2/droplets?name=\"<>{}|\\^`", ""), 200, "", `"droplets":[]`},
	})
}
