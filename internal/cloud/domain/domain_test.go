package domain_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonefile"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// creation reads parameters as a request's body has them.
func creation(t testing.TB, text string) (c domain.Create) {
	t.Helper()
	unmarshal(t, text, &c)
	return c
}

func TestNewDomains(t *testing.T) {
	w := newWorld(t)
	w.create("taken.example.com")
	if _, err := w.tryCreate(other, domain.Create{Name: "example.org"}); err != nil {
		t.Fatal(err)
	}
	const invalid = "name: Name is not a valid domain name: "
	long := strings.Repeat("a.", 126) + "com"
	for _, test := range []struct{ name, params, want string }{
		{"plain", `{"name":"example.net"}`, "example.net 1800"},
		{"case and final dot", `{"name":" Example.NET. "}`, "example.net 1800"},
		{"punycode", `{"name":"xn--bcher-kva.example"}`, "xn--bcher-kva.example 1800"},
		{"below one's own", `{"name":"sub.taken.example.com"}`, "sub.taken.example.com 1800"},
		{"above one's own", `{"name":"example.com"}`, "example.com 1800"},
		{"a TTL", `{"name":"example.net","ttl":60}`, "example.net 60"},
		{"an address", `{"name":"example.net","ip_address":"1.2.3.4"}`, "example.net 1800 A 1.2.3.4"},
		{"an IPv6 address", `{"name":"example.net","ip_address":"2001:db8::1","ttl":60}`, "example.net 60 AAAA 2001:db8::1"},
		{"a reverse zone", `{"name":"2.0.192.in-addr.arpa"}`, "2.0.192.in-addr.arpa 1800"},
		{"a reverse zone of IPv6", `{"name":"8.b.d.0.1.0.0.2.ip6.arpa"}`, "8.b.d.0.1.0.0.2.ip6.arpa 1800"},
		{"the longest", `{"name":"` + strings.Repeat("a.", 125) + `com"}`, strings.Repeat("a.", 125) + "com 1800"},

		{"no name", `{}`, "name: Name can't be blank"},
		{"blank name", `{"name":" "}`, "name: Name can't be blank"},
		{"one label", `{"name":"com"}`, invalid + "it needs at least two labels, like example.com"},
		{"underscore", `{"name":"a_b.example.net"}`, invalid + "underscores are only allowed in the names of records"},
		{"wildcard", `{"name":"*.example.net"}`, invalid + "only letters, digits, hyphens and underscores are allowed"},
		{"umlaut", `{"name":"bücher.example"}`, invalid + "letters beyond a-z are written in punycode, like xn--bcher-kva"},
		{"hyphen", `{"name":"-a.example"}`, invalid + "a label begins or ends with a hyphen"},
		{"two dots", `{"name":"a..example"}`, invalid + "there is nothing between two dots, or before the first"},
		{"an address as name", `{"name":"1.2.3.4"}`, invalid + "its last label is a number"},
		{"a long label", `{"name":"x` + longest + `.net"}`, invalid + "a label is longer than 63 characters"},
		{"too long", `{"name":"` + long + `"}`, "name: Name is too long: 255 characters, the maximum is 253"},
		{"taken", `{"name":"TAKEN.example.com"}`, "name: Name already exists"},
		{"taken by another account", `{"name":"example.org"}`, "name: Name already exists"},
		{"below another account's", `{"name":"a.b.example.org"}`, "name: Name is below a domain of another account"},
		{"an empty address", `{"name":"example.net","ip_address":""}`, "ip_address: Data can't be blank"},
		{"a bad address", `{"name":"example.net","ip_address":"1.2.3"}`, "ip_address: IP address needs to be a valid IPv4 or IPv6 address"},
		{"a short TTL", `{"name":"example.net","ttl":29}`, "ttl: TTL must be greater than or equal to 30"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			d, err := w.tryCreate(mine, creation(t, test.params))
			if err != nil {
				got = message(err)
			} else {
				got = d.Name + " " + strings.Fields(short(w.records(d.Name)[0]))[3]
				for _, r := range w.records(d.Name)[4:] {
					got += " " + r.Type + " " + r.Data
				}
				w.remove(d.Name)
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestADomainIsFoundByIDAndName(t *testing.T) {
	w := newWorld(t)
	d := w.create("example.com")
	for _, test := range []struct {
		account int64
		ref     string
		found   bool
	}{
		{mine, "1", true}, {mine, "example.com", true}, {mine, "EXAMPLE.com.", true},
		{mine, "2", false}, {mine, "example.net", false}, {mine, "01x", false}, {other, "1", false}, {other, "example.com", false},
	} {
		got, err := zonedb.Find(t.Context(), w.DB, test.account, test.ref)
		if test.found != (err == nil && got.ID == d.ID) {
			t.Errorf("%q for account %d: %+v, %v", test.ref, test.account, got, err)
		}
	}
}

func TestRecordsOfOtherDomainsAreNotFound(t *testing.T) {
	w := newWorld(t)
	w.create("example.com")
	w.create("example.net")
	r := w.add("example.com", params(t, `{"type":"A","name":"www","data":"1.2.3.4"}`))
	const missing = "not about a field: The resource you were accessing could not be found."
	if _, err := w.tryUpdate("example.net", r.ID, params(t, `{"data":"1.2.3.5"}`)); message(err) != missing {
		t.Errorf("update: %v", err)
	}
	if _, err := w.tryDelete("example.net", r.ID); message(err) != missing {
		t.Errorf("delete: %v", err)
	}
	_, err := try(w, func(ctx context.Context, tx *store.Tx) (record.Record, error) {
		return w.DeleteRecord(ctx, tx, other, "example.com", r.ID)
	})
	if message(err) != missing {
		t.Errorf("delete by another account: %v", err)
	}
}

// Serials are the time, or grow by one where that stands still or is behind:
// within a second, when a domain is made anew, and after an import.
func TestSerialsGrow(t *testing.T) {
	w := newWorld(t)
	serial := func() uint32 { return w.find("example.com").Serial }
	expect := func(what string, want uint32) {
		t.Helper()
		if got := serial(); got != want || w.server.serial("example.com") != want {
			t.Errorf("%s: serial %d, served %d, want %d", what, got, w.server.serial("example.com"), want)
		}
	}
	w.create("example.com")
	expect("a new domain", 1_700_000_000)
	r := w.add("example.com", params(t, `{"type":"A","name":"www","data":"1.2.3.4"}`))
	expect("in the same second", 1_700_000_001)
	w.tryUpdate("example.com", r.ID, params(t, `{"data":"1.2.3.4","ttl":1800}`))
	expect("nothing changed", 1_700_000_001)
	w.clock.advance(time.Hour)
	w.tryUpdate("example.com", r.ID, params(t, `{"ttl":60}`))
	expect("an hour later", 1_700_003_600)
	w.remove("example.com")
	w.create("example.com")
	expect("made anew", 1_700_003_602)
	w.clock.advance(-24 * time.Hour)
	w.remove("example.com")
	w.create("example.com")
	expect("made anew in the past", 1_700_003_604)
	imported := "@ SOA ns1.x. host.x. 2026010203 1 2 3 4\n@ NS ns1.x.\n"
	if _, err := try(w, func(ctx context.Context, tx *store.Tx) (zonedb.Domain, error) {
		return w.Update(ctx, tx, mine, "example.com", domain.Change{File: zonefile.Parse("example.com", 1800, imported)})
	}); err != nil {
		t.Fatal(err)
	}
	expect("imported", 2026010204)
	w.remove("example.com")
	imported = "@ SOA ns1.x. host.x. 4294967295 1 2 3 4\n"
	if _, err := w.tryCreate(mine, domain.Create{Name: "example.com", File: zonefile.Parse("example.com", 1800, imported)}); err != nil {
		t.Fatal(err)
	}
	// By RFC 1982 beyond the greatest comes the least: this is later than both.
	expect("imported with the greatest serial", 2026010206)
	w.remove("example.com")
	w.clock.advance(20 * 365 * 24 * time.Hour) // where the time is not later than that
	imported = "@ SOA ns1.x. host.x. 4294967295 1 2 3 4\n"
	if _, err := w.tryCreate(mine, domain.Create{Name: "example.net", File: zonefile.Parse("example.net", 1800, imported)}); err != nil {
		t.Fatal(err)
	}
	if got := w.find("example.net").Serial; got != 1 { // 0 is left out
		t.Errorf("after the greatest serial comes %d", got)
	}
}
