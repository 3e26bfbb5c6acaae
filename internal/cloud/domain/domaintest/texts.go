package domaintest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonefile"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// Params parses the parameters of a record in a request's body.
func Params(t testing.TB, text string) (p record.Params) {
	t.Helper()
	Unmarshal(t, text, &p)
	return p
}

// Message returns the first field and the message of an error of the API.
func Message(err error) string {
	var e *apierr.Error
	if !errors.As(err, &e) {
		return "not the client's error: " + errString(err)
	}
	if len(e.Fields) == 0 {
		return "not about a field: " + e.Message
	}
	return e.Fields[0].Field + ": " + e.Message
}

func errString(err error) string {
	if err == nil {
		return "none"
	}
	return err.Error()
}

// Unmarshal parses JSON.
func Unmarshal(t testing.TB, text string, to any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), to); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// Short writes a record with the attributes that it has.
func Short(r record.Record) string {
	text := fmt.Sprintf("%s %s %s %d", r.Type, r.Name, r.Data, r.TTL)
	for name, n := range map[string]*int{"priority": r.Priority} {
		if n != nil {
			text += fmt.Sprintf(" %s=%d", name, *n)
		}
	}
	if r.Port != nil {
		text += fmt.Sprintf(" port=%d", *r.Port)
	}
	if r.Weight != nil {
		text += fmt.Sprintf(" weight=%d", *r.Weight)
	}
	if r.Flags != nil {
		text += fmt.Sprintf(" flags=%d", *r.Flags)
	}
	if r.Tag != nil {
		text += " tag=" + *r.Tag
	}
	return text
}

// Problems writes the problems of a zone file, each as one line.
func Problems(problems []zonefile.Problem) []string {
	all := []string{}
	for _, p := range problems {
		text := p.Severity
		if p.Line != nil {
			text += fmt.Sprintf(" in line %d", *p.Line)
		}
		if p.Field != nil {
			text += ", " + *p.Field
		}
		all = append(all, text+": "+p.Message)
	}
	return all
}

// FileRecords returns the records of a zone file.
func FileRecords(file *zonefile.File) (all []record.Record) {
	for _, r := range file.Records {
		all = append(all, r.Record)
	}
	return all
}

// Canonical returns records as Short writes them, with IPv6 addresses in canonical
// form.
func Canonical(records []record.Record) []string {
	var all []string
	for _, r := range records {
		if address, err := netip.ParseAddr(r.Data); r.Type == "AAAA" && err == nil {
			r.Data = address.String()
		}
		all = append(all, Short(r))
	}
	return all
}

// HostLines returns n lines of a zone file, each with an A record of another name.
func HostLines(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "h%d A 1.2.3.4\n", i)
	}
	return text.String()
}
