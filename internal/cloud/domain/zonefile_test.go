package domain_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonefile"
)

// label generates valid labels.
var label = rapid.StringMatching(`[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,20}[a-zA-Z0-9_])?`)

// genParams generates valid parameters of records.
func genParams(t *rapid.T) record.Params {
	str := func(text string) *string { return &text }
	labels := rapid.SliceOfN(label, 1, 4).Draw(t, "labels")
	if rapid.Bool().Draw(t, "wildcard") {
		labels = append([]string{"*"}, labels...)
	}
	host := rapid.SampledFrom([]string{"@", "Mail.Example.net.", "web", "example.com.", "deep.in.example.com.", "localhost."}).Draw(t, "host")
	types := []string{"A", "AAAA", "CAA", "CNAME", "MX", "NS", "SRV", "TXT"}
	p := record.Params{Type: str(rapid.SampledFrom(types).Draw(t, "type")), Name: str(strings.Join(labels, ".")), Data: &host}
	number := func(name string, most int) *record.Number {
		n := record.Number(rapid.IntRange(0, most).Draw(t, name))
		return &n
	}
	ttl := record.Number(rapid.IntRange(30, 1<<31-1).Draw(t, "ttl"))
	p.TTL, p.Priority, p.Weight, p.Port, p.Flags = &ttl, number("priority", 65535), number("weight", 65535), number("port", 65535), number("flags", 255)
	switch *p.Type {
	case "A":
		b := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address")
		p.Data = str(fmt.Sprintf("%d.%d.%d.%d", b[0], b[1], b[2], b[3]))
	case "AAAA":
		p.Data = str(rapid.StringMatching(`([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|2001:DB8::[0-9a-f]{0,4}|::ffff:1\.2\.3\.4`).Draw(t, "address"))
	case "CAA":
		p.Tag = str(rapid.SampledFrom([]string{"issue", "issuewild", "iodef"}).Draw(t, "tag"))
		p.Data = str(rapid.SampledFrom([]string{"ca.Example.net.", "@", ";", "ca.; a=b", ";x=y"}).Draw(t, "authority"))
		if *p.Tag == "iodef" {
			p.Data = str(rapid.SampledFrom([]string{"mailto:a@b.example", "https://example.net/a?b=c;d"}).Draw(t, "url"))
		}
	case "NS":
		p.Name = str(strings.Join(slices.DeleteFunc(labels, func(l string) bool { return l == "*" }), "."))
	case "TXT":
		text := rapid.StringOfN(rapid.Rune(), 1, 600, 2000).Filter(func(s string) bool { return !strings.Contains(s, "\x00") })
		if p.Data = str(text.Draw(t, "text")); rapid.Bool().Draw(t, "strings") {
			short := rapid.StringOfN(rapid.Rune(), 0, 60, 255).Filter(func(s string) bool { return !strings.Contains(s, "\x00") })
			parts := rapid.SliceOfN(short, 1, 5).Draw(t, "parts")
			for i := range parts {
				parts[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(parts[i]) + `"`
			}
			p.Data = str(strings.Join(parts, " "))
		}
	}
	return p
}

// The zone file of any domain has all of its records, and a domain created from that
// zone file is served the same way.
func TestZoneFilesAreReadBack(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		if _, err := zonedb.Find(t.Context(), w.DB, domaintest.Mine, "example.com"); err == nil {
			w.Remove("example.com") // what a failure has left
		}
		w.Create("example.com")
		for range rapid.IntRange(0, 12).Draw(rt, "records") {
			p := genParams(rt)
			if r, err := w.TryAdd("example.com", p); err != nil {
				if m := domaintest.Message(err); !strings.HasSuffix(m, "Record already exists") && !strings.HasPrefix(m, "name: CNAME") {
					rt.Fatalf("%v", err)
				}
			} else if again, err := w.TryUpdate("example.com", r.ID, record.Params{Type: &r.Type, Name: &r.Name, Data: &r.Data}); err != nil || domaintest.Short(again) != domaintest.Short(r) {
				rt.Fatalf("%s given back as it was shown: %s, %v", domaintest.Short(r), domaintest.Short(again), err)
			}
		}
		text, served := w.File("example.com"), w.Server.Lines("example.com")
		file := zonefile.Parse("example.com", 1800, text)
		if len(file.Problems) > 0 {
			rt.Fatalf("%s\n%v", text, domaintest.Problems(file.Problems))
		}
		if diff := cmp.Diff(domaintest.Canonical(w.Records("example.com")[1:]), domaintest.Canonical(domaintest.FileRecords(file))); diff != "" {
			rt.Fatalf("%s\n(-want +got):\n%s", text, diff)
		}
		w.Remove("example.com")
		if _, err := w.TryCreate(domaintest.Mine, domain.Create{Name: "example.com", File: zonefile.Parse("example.com", 1800, text)}); err != nil {
			rt.Fatalf("%s\n%v", text, err)
		}
		if diff := cmp.Diff(served, w.Server.Lines("example.com")); diff != "" {
			rt.Fatalf("%s\nserved (-want +got):\n%s", text, diff)
		}
		w.Remove("example.com")
	})
}
