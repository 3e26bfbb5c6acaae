package contract

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/digitalocean/godo"
	"github.com/google/go-cmp/cmp"
)

// domain creates a domain. Record 1 is the SOA record, and records 2 to 4 are
// NS records.
func (c *client) domain(name string) answer {
	c.T.Helper()
	a := c.Do("POST", "/v2/domains", fmt.Sprintf(`{"name":%q}`, name))
	if a.StatusCode != http.StatusCreated {
		c.T.Fatal(a.Text)
	}
	return a
}

// record adds a record and returns its id.
func (c *client) record(domain, body string) int {
	c.T.Helper()
	a := c.Do("POST", "/v2/domains/"+domain+"/records", body)
	if a.StatusCode != http.StatusCreated {
		c.T.Fatal(a.Text)
	}
	return int(a.At("domain_record", "id").(float64))
}

var serials = regexp.MustCompile(`hostmaster\.example\.com\. \d+ `)

func TestDomainLife(t *testing.T) {
	c := newClient(t)
	a := c.Do("POST", "/v2/domains/", `{"name":"Example.com","ip_address":"192.0.2.1"}`) // with python-digitalocean's slash
	want := map[string]any{"id": 1.0, "name": "example.com", "ttl": 1800.0, "zone_file": nil, "bad_zone_file": nil, "bad_zone_error": nil}
	if diff := cmp.Diff(want, a.At("domain")); diff != "" || a.StatusCode != 201 || a.Header.Get("Location") != c.URL+"/v2/domains/example.com" {
		t.Errorf("create: %d, Location %s (-want +got):\n%s", a.StatusCode, a.Header.Get("Location"), diff)
	}
	want["zone_file"] = `$ORIGIN example.com.
$TTL 1800
example.com. IN SOA ns1.rockpool.internal. hostmaster.example.com. N 10800 3600 604800 1800
example.com. 1800 IN NS ns1.rockpool.internal.
example.com. 1800 IN NS ns2.rockpool.internal.
example.com. 1800 IN NS ns3.rockpool.internal.
example.com. 1800 IN A 192.0.2.1
`
	shown := func(at any) any {
		object := maps.Clone(at.(map[string]any))
		object["zone_file"] = serials.ReplaceAllString(object["zone_file"].(string), "hostmaster.example.com. N ")
		return object
	}
	for _, path := range []string{"example.com", "EXAMPLE.com.", "1", "example.com/"} {
		if diff := cmp.Diff(want, shown(c.Do("GET", "/v2/domains/"+path, "").At("domain"))); diff != "" {
			t.Errorf("GET %s (-want +got):\n%s", path, diff)
		}
	}
	c.domain("example.net")
	for query, names := range map[string]string{
		"": "example.com example.net ", "?name=EXAMPLE.net.": "example.net ", "?name=example": "", "?page=2&per_page=1": "example.net ",
	} {
		got := ""
		for _, d := range c.Do("GET", "/v2/domains"+query, "").At("domains").([]any) {
			got += d.(map[string]any)["name"].(string) + " "
		}
		if got != names {
			t.Errorf("list%s: %s", query, got)
		}
	}
	if diff := cmp.Diff(want, shown(c.Do("GET", "/v2/domains", "").At("domains", 0))); diff != "" {
		t.Errorf("in the list (-want +got):\n%s", diff)
	}
	if a := c.Do("GET", "/v2/domains", "", "Range", "name ..; order=desc,max=1"); a.StatusCode != 206 || a.At("domains", 0, "name") != "example.net" ||
		a.Header.Get("Accept-Ranges") != "id, name" {
		t.Errorf("by name: %d %s %v", a.StatusCode, a.Text, a.Header)
	}
	for method, path := range map[string]string{"PUT": "/v2/domains/1", "PATCH": "/v2/domains/example.com"} {
		if a := c.Do(method, path, `{"ttl":600}`); a.StatusCode != 200 || a.At("domain", "ttl") != 600.0 || !strings.Contains(a.At("domain", "zone_file").(string), "$TTL 600\n") {
			t.Errorf("%s: %d %s", method, a.StatusCode, a.Text)
		}
	}
	if a := c.Do("DELETE", "/v2/domains/example.com", ""); a.StatusCode != 204 || a.Text != "" {
		t.Errorf("delete: %d %s", a.StatusCode, a.Text)
	}
	for _, path := range []string{"example.com", "1", "example.com/records", "example.com/records/2"} {
		if a := c.Do("GET", "/v2/domains/"+path, ""); a.StatusCode != 404 || a.JSON["message"] != "The resource you were accessing could not be found." {
			t.Errorf("GET %s: %d %s", path, a.StatusCode, a.Text)
		}
	}
}

// The same update of a record in every method, path and encoding that clients
// use.
func TestRecordUpdateIsTheSameInEveryEncoding(t *testing.T) {
	c := newClient(t)
	c.domain("example.com")
	form, formType := multipartBody(t, "type", "A", "name", "www", "data", "127.0.0.1")
	const text = `{"type":"A","name":"www","data":"127.0.0.1"}`
	var first answer
	for i, send := range []struct{ method, path, body, contentType string }{
		{"PATCH", "1/records", text, "application/json"},
		{"PATCH", "1/records", form, formType},
		{"PUT", "example.com/records", text, "application/json"},
		{"PUT", "example.com/records", form, formType},
		{"PATCH", "1/records", "type=A&name=www&data=127.0.0.1", "application/x-www-form-urlencoded"},
		{"PATCH", "1/records", `{"type_":"A","name":"www.example.com.","data":"127.0.0.1","priority":0,"weight":0,"flags":0}`, ""},
	} {
		id := c.record("example.com", `{"type":"MX","name":"api","data":"mail.example.net.","priority":10,"ttl":60}`)
		a := c.Do(send.method, fmt.Sprintf("/v2/domains/%s/%d", send.path, id), send.body, "Content-Type", send.contentType)
		if i == 0 {
			first = a
			want := fmt.Sprintf(`{"domain_record":{"id":%d,"type":"A","name":"www","data":"127.0.0.1","priority":null,"port":null,"ttl":60,"weight":null,"flags":null,"tag":null}}`, id)
			if strings.TrimSpace(a.Text) != want {
				t.Errorf("got  %s\nwant %s", a.Text, want)
			}
		} else if same := strings.Replace(a.Text, fmt.Sprintf(`"id":%d,`, id), fmt.Sprintf(`"id":%v,`, first.At("domain_record", "id")), 1); a.StatusCode != 200 || same != first.Text {
			t.Errorf("%+v: %d %s\nthe first: %s", send, a.StatusCode, a.Text, first.Text)
		}
		if a := c.Do("DELETE", fmt.Sprintf("/v2/domains/example.com/records/%d", id), ""); a.StatusCode != 204 {
			t.Fatal(a.Text)
		}
	}
}

func TestGodoManagesDomains(t *testing.T) {
	c := newClient(t)
	client := godo.NewFromToken(c.Token)
	client.BaseURL, _ = url.Parse(c.URL + "/")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	d, _, err := client.Domains.Create(ctx, &godo.DomainCreateRequest{Name: "example.com", IPAddress: "192.0.2.1"})
	must(err)
	if d.Name != "example.com" || d.TTL != 1800 {
		t.Errorf("domain %+v", d)
	}
	got := map[string]godo.DomainRecord{}
	for name, request := range map[string]*godo.DomainRecordEditRequest{
		"a":     {Type: "A", Name: "www", Data: "192.0.2.2"},
		"mx":    {Type: "MX", Name: "@", Data: "mail.example.net.", Priority: 10},
		"srv":   {Type: "SRV", Name: "_sip._tcp", Data: "sip.example.com.", Port: 5060, Weight: 5},
		"caa":   {Type: "CAA", Name: "@", Data: "letsencrypt.org.", Tag: "issue"},
		"acme":  {Type: "TXT", Name: "_acme-challenge.www.example.com.", Data: "token", TTL: 30},
		"alias": {Type: "CNAME", Name: "alias", Data: "example.com."},
	} {
		r, _, err := client.Domains.CreateRecord(ctx, "example.com", request)
		must(err)
		got[name] = *r
	}
	want := map[string]godo.DomainRecord{
		"a":     {Type: "A", Name: "www", Data: "192.0.2.2", TTL: 1800},
		"mx":    {Type: "MX", Name: "@", Data: "mail.example.net", Priority: 10, TTL: 1800},
		"srv":   {Type: "SRV", Name: "_sip._tcp", Data: "sip.example.com", Port: 5060, Weight: 5, TTL: 1800},
		"caa":   {Type: "CAA", Name: "@", Data: "letsencrypt.org", Tag: "issue", TTL: 1800},
		"acme":  {Type: "TXT", Name: "_acme-challenge.www", Data: "token", TTL: 30},
		"alias": {Type: "CNAME", Name: "alias", Data: "@", TTL: 1800},
	}
	for name, r := range want {
		r.ID = got[name].ID
		want[name] = r
		again, _, err := client.Domains.Record(ctx, "example.com", r.ID)
		must(err)
		if diff := cmp.Diff(r, *again); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	edited, _, err := client.Domains.EditRecord(ctx, "example.com", got["caa"].ID, &godo.DomainRecordEditRequest{Type: "CAA", Name: "@", Data: "ca.example.net.", Tag: "issue"})
	must(err)
	if edited.Data != "ca.example.net" {
		t.Errorf("edited %+v", edited)
	}
	found, _, err := client.Domains.RecordsByTypeAndName(ctx, "example.com", "TXT", "_acme-challenge.www.example.com", &godo.ListOptions{PerPage: 200})
	must(err)
	if len(found) != 1 || found[0].ID != got["acme"].ID {
		t.Errorf("found by type and name: %+v", found)
	}
	all, response, err := client.Domains.Records(ctx, "example.com", &godo.ListOptions{PerPage: 4})
	must(err)
	if len(all) != 4 || response.Links.IsLastPage() || all[0].Type != "SOA" || all[0].Data != "1800" {
		t.Errorf("first page: %+v", all)
	}
	if _, err := client.Domains.DeleteRecord(ctx, "example.com", got["a"].ID); err != nil {
		t.Error(err)
	}
	if _, response, err := client.Domains.Record(ctx, "example.com", got["a"].ID); err == nil || response.StatusCode != 404 {
		t.Errorf("a deleted record: %v", err)
	}
	must(func() error { _, err := client.Domains.Delete(ctx, "example.com"); return err }())
}

func TestRecordsOverHTTP(t *testing.T) {
	c := newClient(t)
	c.domain("example.com")
	c.domain("example.net")
	a := c.Do("POST", "/v2/domains/example.com/records/", `{"type":"A","name":"www","data":"192.0.2.1"}`)
	id := int(a.At("domain_record", "id").(float64))
	path := fmt.Sprintf("/v2/domains/example.com/records/%d", id)
	if got := a.Header.Get("Location"); got != c.URL+path {
		t.Errorf("Location %s", got)
	}
	// doctl updates the TTL only: null keeps the old value.
	a = c.Do("PATCH", path, `{"name":null,"data":null,"ttl":60,"priority":null,"port":null,"weight":null,"flags":null,"tag":null}`)
	if a.StatusCode != 200 || a.At("domain_record", "data") != "192.0.2.1" || a.At("domain_record", "ttl") != 60.0 {
		t.Errorf("doctl's update: %d %s", a.StatusCode, a.Text)
	}
	for _, other := range []string{
		fmt.Sprintf("/v2/domains/example.net/records/%d", id), "/v2/domains/example.com/records/999", "/v2/domains/example.com/records/www",
		"/v2/domains/99/records/1", "/v2/domains/example.org/records/1",
	} {
		for method, body := range map[string]string{"GET": "", "PUT": `{"ttl":99}`, "PATCH": `{"ttl":99}`, "DELETE": ""} {
			if a := c.Do(method, other, body); a.StatusCode != 404 {
				t.Errorf("%s %s: %d %s", method, other, a.StatusCode, a.Text)
			}
		}
	}
	if a := c.Do("DELETE", path, ""); a.StatusCode != 204 || a.Text != "" {
		t.Errorf("delete: %d %s", a.StatusCode, a.Text)
	}
}

func TestRecordFilters(t *testing.T) {
	c := newClient(t)
	c.domain("example.com")
	for _, body := range []string{
		`{"type":"A","name":"@","data":"192.0.2.1"}`, `{"type":"A","name":"Www","data":"192.0.2.1"}`, `{"type":"TXT","name":"www","data":"x"}`,
		`{"type":"A","name":"www.example.com","data":"192.0.2.1"}`,
	} {
		c.record("example.com", body)
	}
	for query, want := range map[string]string{
		"": "1 2 3 4 5 6 7 8", "type=A": "5 6 8", "type=a": "5 6 8", "type=LOC": "", "type=SOA": "1", "name=@": "1 2 3 4 5", "name=example.com": "1 2 3 4 5",
		"name=www.example.com": "6 7", "name=WWW.example.com.": "6 7", "name=www": "6 7", "name=www.example.com.example.com": "8", "name=nosuch": "",
		"type=A&name=www.example.com": "6", "type=A&name=www.example.com&page=1&per_page=1": "6", "type=A&name=@": "5", "type=TXT&name=@": "",
	} {
		a := c.Do("GET", "/v2/domains/example.com/records?"+query, "")
		var got []string
		for _, r := range a.At("domain_records").([]any) {
			got = append(got, fmt.Sprint(r.(map[string]any)["id"]))
		}
		if strings.Join(got, " ") != want || a.At("meta", "total") != float64(len(got)) {
			t.Errorf("%q: %v, want %s, total %v", query, got, want, a.At("meta", "total"))
		}
	}
}

// The draft view has no wrapper, has type_ beside type, and answers a delete
// with the deleted object.
func TestDomainsInTheDraftView(t *testing.T) {
	c := newClient(t)
	const accept = "application/vnd.digitalocean.draft+json"
	if a := c.Do("POST", "/v2/domains", `{"name":"example.com"}`, "Accept", accept); a.StatusCode != 201 || a.JSON["name"] != "example.com" {
		t.Errorf("create: %d %s", a.StatusCode, a.Text)
	}
	a := c.Do("POST", "/v2/domains/1/records?view=draft", `{"type_":"A","name":"www","data":"192.0.2.1"}`)
	if a.StatusCode != 201 || a.JSON["type_"] != "A" || a.JSON["type"] != "A" || a.JSON["data"] != "192.0.2.1" {
		t.Errorf("create a record: %d %s", a.StatusCode, a.Text)
	}
	if a := c.Do("GET", "/v2/domains/1/records", "", "Accept", accept, "Range", "id ]4.."); a.StatusCode != 206 || !strings.HasPrefix(a.Text, `[{"id":5,`) || !strings.Contains(a.Text, `"type_":"A"`) {
		t.Errorf("list: %d %s", a.StatusCode, a.Text)
	}
	if a := c.Do("DELETE", "/v2/domains/1/records/5", "", "Accept", accept); a.StatusCode != 200 || a.JSON["type_"] != "A" || a.JSON["id"] != 5.0 {
		t.Errorf("delete the record: %d %s", a.StatusCode, a.Text)
	}
	if a := c.Do("DELETE", "/v2/domains/1", "", "Accept", accept); a.StatusCode != 200 || a.JSON["id"] != 1.0 || a.JSON["bad_zone_error"] != nil || a.JSON["zone_file"] == nil {
		t.Errorf("delete: %d %s", a.StatusCode, a.Text)
	}
}

func TestBatchOverHTTP(t *testing.T) {
	c := newClient(t)
	c.domain("example.com")
	const path = "/v2/domains/example.com/records"
	for i := range 3 {
		c.record("example.com", fmt.Sprintf(`{"type":"A","name":"h%d","data":"192.0.2.%d"}`, i, i))
	}
	before := c.Do("GET", path, "").Text
	body := `{"delete":[5],"update":[{"id":6,"data":"192.0.2.9"}],"create":[{"type":"CNAME","name":"h0","data":"h1"}]}`
	dry := c.Do("PATCH", path, strings.Replace(body, "{", `{"dry_run":true,`, 1))
	if dry.StatusCode != 200 || dry.At("changes", "create", 0, "id") != nil || dry.At("changes", "delete", 0, "id") != 5.0 || c.Do("GET", path, "").Text != before {
		t.Errorf("dry run: %d %s", dry.StatusCode, dry.Text)
	}
	done := c.Do("PATCH", path, body)
	if done.StatusCode != 200 || done.At("changes", "create", 0, "id") != 8.0 || done.At("changes", "create", 0, "data") != "h1.example.com" ||
		done.At("changes", "update", 0, "data") != "192.0.2.9" || done.At("changes", "delete", 0, "data") != "192.0.2.0" {
		t.Errorf("batch: %d %s", done.StatusCode, done.Text)
	}
	if a := c.Do("PATCH", path, "delete=6,7&create[0][type]=TXT&create[0][data]=x", "Content-Type", "application/x-www-form-urlencoded"); a.StatusCode != 200 ||
		len(a.At("changes", "delete").([]any)) != 2 || a.At("changes", "create", 0, "name") != "@" {
		t.Errorf("as a form: %d %s", a.StatusCode, a.Text)
	}
	for body, want := range map[string]string{
		`{}`: "The batch is empty: give at least one of create, update and delete []",
		`{"create":[{"type":"A","name":"ok","data":"192.0.2.1"},{"type":"A","name":"bad","data":"x"}],"update":[{"id":99}]}`: "The domain has no record with this id " +
			"[map[field:update.0.id message:The domain has no record with this id] map[field:create.1.data message:Data needs to be a valid IPv4 address]]",
		`{"create":[{"type":"A","name":"ok","data":"192.0.2.1"}],"delete":["x"]}`: "Delete.0 must be an integer, not a string [map[field:delete.0 message:Delete.0 must be an integer, not a string]]",
		`{"create":{}}`: "Create must be an array, not an object [map[field:create message:Create must be an array, not an object]]",
	} {
		before := c.Do("GET", path, "").Text
		a := c.Do("PATCH", path, body)
		errors, _ := a.JSON["errors"].([]any)
		if got := fmt.Sprint(a.JSON["message"], " ", errors); a.StatusCode != 422 || got != want {
			t.Errorf("%s: %d\ngot  %s\nwant %s", body, a.StatusCode, got, want)
		}
		if c.Do("GET", path, "").Text != before {
			t.Errorf("%s: something was done", body)
		}
	}
}

func TestImportOverHTTP(t *testing.T) {
	c := newClient(t)
	const file = `@ NS ns1.rockpool.internal.\nwww 60 A 192.0.2.1\n`
	dry := c.Do("POST", "/v2/domains", `{"name":"example.com","zone_file":"`+file+`","dry_run":true}`)
	if dry.StatusCode != 200 || dry.At("plan", "valid") != true || dry.At("plan", "create") != 3.0 || dry.At("plan", "changes", 2, "line") != 2.0 ||
		dry.At("plan", "changes", 2, "record", "ttl") != 60.0 || dry.Header.Get("Location") != "" {
		t.Errorf("dry run: %d %s", dry.StatusCode, dry.Text)
	}
	if a := c.Do("GET", "/v2/domains", ""); a.At("meta", "total") != 0.0 {
		t.Errorf("a dry run has made: %s", a.Text)
	}
	if a := c.Do("POST", "/v2/domains", `{"name":"example.com","zone_file":"`+file+`"}`); a.StatusCode != 201 {
		t.Errorf("import: %d %s", a.StatusCode, a.Text)
	}
	export := c.Do("GET", "/v2/domains/example.com", "").At("domain", "zone_file").(string)
	body, contentType := multipartBody(t, "name", "example.net", "zone_file", strings.ReplaceAll(export, "example.com", "example.net"))
	if a := c.Do("POST", "/v2/domains", body, "Content-Type", contentType); a.StatusCode != 201 {
		t.Errorf("import of an export as a form: %d %s", a.StatusCode, a.Text)
	}
	plan := c.Do("PATCH", "/v2/domains/example.com", `{"zone_file":"www A 192.0.2.2\nbad A x\n","dry_run":true}`)
	if plan.StatusCode != 200 || plan.At("plan", "valid") != false || plan.At("plan", "update") != 1.0 || plan.At("plan", "changes", 0, "before", "data") != "192.0.2.1" ||
		plan.At("plan", "problems", 1, "line") != 2.0 || plan.At("plan", "problems", 1, "severity") != "error" {
		t.Errorf("plan of a change: %d %s", plan.StatusCode, plan.Text)
	}
	a := c.Do("PUT", "/v2/domains/example.com", `{"zone_file":"www A 192.0.2.2\nbad A x\n"}`)
	if a.StatusCode != 422 || a.JSON["message"] != `Line 2: Can't be read: bad A A: "x"` || a.At("errors", 0, "field") != "zone_file" {
		t.Errorf("an import with a fault: %d %s", a.StatusCode, a.Text)
	}
	if a := c.Do("PUT", "/v2/domains/example.com", `{"zone_file":"www A 192.0.2.2\n"}`); a.StatusCode != 200 || !strings.Contains(a.Text, "192.0.2.2") || strings.Contains(a.Text, "192.0.2.1") {
		t.Errorf("an import: %d %s", a.StatusCode, a.Text)
	}
}

// Invalid requests are never answered 5xx, and leave the domain unchanged.
func TestHostileDomains(t *testing.T) {
	c := newClient(t)
	c.domain("example.com")
	before := c.Do("GET", "/v2/domains/example.com/records", "").Text
	values := []string{`1`, `-1`, `1e999`, `1000000000000000000000000000000`, `1.5`, `true`, `""`, `"\u0000"`, `"x"`, `[]`, `[null]`, `{}`, `[[]]`, `[{}]`,
		`"` + strings.Repeat("a.", 3000) + `"`, `"\"\\"`, `"' OR 1=1 --"`, `"%"`, `"١"`, `"` + strings.Repeat("(", 5000) + `"`, `"\ud800"`}
	for _, value := range values {
		for _, attribute := range []string{"type", "type_", "name", "data", "priority", "port", "ttl", "weight", "flags", "tag", "ip_address", "zone_file", "dry_run", "create", "update", "delete"} {
			for _, to := range []struct{ method, path string }{
				{"POST", "/v2/domains"}, {"PATCH", "/v2/domains/example.com"}, {"POST", "/v2/domains/example.com/records"},
				{"PATCH", "/v2/domains/example.com/records"}, {"PUT", "/v2/domains/example.com/records/2"},
			} {
				body := fmt.Sprintf(`{"type":"SRV","name":"\u0001","data":"x","priority":1,%q:%s}`, attribute, value)
				if to.method == "PUT" || to.path == "/v2/domains/example.com" {
					body = fmt.Sprintf(`{%q:%s,"ttl":1}`, attribute, value)
				}
				if a := c.Do(to.method, to.path, body); a.StatusCode >= 500 || a.StatusCode < 400 {
					t.Errorf("%s %s %.100s: %d %.300s", to.method, to.path, body, a.StatusCode, a.Text)
				}
			}
		}
	}
	for _, name := range []string{"%00", "%ff", "..", "example.com%00", "%2e", "1e1", "-1", "0", "999999999999999999999999", strings.Repeat("a", 5000), "*", "@"} {
		for _, path := range []string{"/v2/domains/" + name, "/v2/domains/" + name + "/records", "/v2/domains/example.com/records/" + name, "/v2/domains/example.com/records?name=" + name + "&type=" + name} {
			for _, method := range []string{"GET", "DELETE", "PATCH"} {
				if a := c.Do(method, path, ""); a.StatusCode >= 500 || method != "GET" && a.StatusCode < 400 {
					t.Errorf("%s %.100s: %d %.300s", method, path, a.StatusCode, a.Text)
				}
			}
		}
	}
	if after := c.Do("GET", "/v2/domains/example.com/records", "").Text; after != before {
		t.Errorf("before %s\nafter %s", before, after)
	}
}
