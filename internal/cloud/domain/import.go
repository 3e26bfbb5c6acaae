package domain

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// zoneImport is what a zone file means for a domain.
type zoneImport struct {
	operations []*operation
	unchanged  int // records of the file that are there as they are
	problems   []Problem
}

// readZoneFile finds out what makes the domain's records those of a zone file.
// The SOA record gives the domain its TTL, and a serial that its next one must
// be later than. Where the file has no NS records for the apex those that are
// there stay, and so do the records that the cloud makes itself.
func (s *Service) readZoneFile(e *edit, file *ZoneFile) zoneImport {
	e.floor = file.Serial
	if file.TTL != 0 {
		e.ttl = file.TTL
	}
	i := zoneImport{problems: file.Problems}
	hasNS := slices.ContainsFunc(file.Records, func(r FileRecord) bool { return r.Type == typeNS && r.Name == apex })
	if !hasNS {
		i.warn(0, "", "The zone file has no NS record for %s; the domain has its own", e.domain.Origin())
	}
	for _, r := range file.Records {
		if r.Type == typeNS && r.Name == apex && !slices.Contains(s.Nameservers, strings.ToLower(hostname(e.domain.Name, r.Data))) {
			i.warn(r.Line, "data", "%s is not a name server of this cloud", hostname(e.domain.Name, r.Data))
		}
	}
	if soa := file.soa; soa != nil && !sameSOA(soa, e.domain.soa()) {
		i.warn(file.soaLine, "", "Of the SOA record only the TTL and the serial are taken")
	}
	i.compare(e, file.Records, hasNS)
	return i
}

func (i *zoneImport) warn(line int, field, format string, args ...any) {
	i.problems = append(i.problems, newProblem(line, severityWarning, field, format, args...))
}

// compare makes the operations that lead from the records that are there to
// those of the file. Records with the same content stay; of the others, one
// takes the place of another of its name and type.
func (i *zoneImport) compare(e *edit, file []FileRecord, hasNS bool) {
	there := recordsOf{byContent: map[string][]*Record{}, byRRset: map[string][]*Record{}, taken: map[*Record]bool{}}
	all := e.all()
	for _, r := range all {
		if r.Type == typeSOA || !hasNS && r.Type == typeNS && r.Name == apex {
			there.taken[r] = true
			continue
		}
		content := r.rrset() + " " + e.domain.content(*r)
		there.byContent[content] = append(there.byContent[content], r)
		if r.DropletID == 0 {
			there.byRRset[r.rrset()] = append(there.byRRset[r.rrset()], r)
		}
	}
	var missing []FileRecord
	for _, f := range file {
		if r := there.take(there.byContent, f.rrset()+" "+e.domain.content(f.Record)); r == nil {
			missing = append(missing, f)
		} else if r.TTL != f.TTL && r.DropletID == 0 {
			with := *r
			with.TTL = f.TTL
			i.operations = append(i.operations, &operation{kind: kindUpdate, id: r.ID, ready: &with, line: f.Line})
		} else {
			if i.unchanged++; r.TTL != f.TTL {
				i.warn(f.Line, "ttl", "This PTR record follows a droplet's name and keeps its TTL, %d", r.TTL)
			}
		}
	}
	for _, f := range missing {
		o := &operation{kind: kindCreate, ready: &f.Record, line: f.Line}
		if r := there.take(there.byRRset, f.rrset()); r != nil {
			o.kind, o.id = kindUpdate, r.ID
		}
		i.operations = append(i.operations, o)
	}
	for _, r := range all {
		if !there.taken[r] && r.DropletID == 0 {
			i.operations = append(i.operations, &operation{kind: kindDelete, id: r.ID})
		}
	}
}

// recordsOf are a domain's records, and which of them have their place in a
// zone file already.
type recordsOf struct {
	byContent map[string][]*Record // and RRset
	byRRset   map[string][]*Record
	taken     map[*Record]bool
}

// take takes the first record that has a key and is not taken, or returns nil.
func (t recordsOf) take(from map[string][]*Record, key string) *Record {
	for len(from[key]) > 0 {
		r := from[key][0]
		from[key] = from[key][1:]
		if !t.taken[r] {
			t.taken[r] = true
			return r
		}
	}
	return nil
}

// rrset identifies the records that are answered together.
func (r Record) rrset() string { return r.key() + " " + r.Type }

// err is the import's problems as an error, if it can't be made.
func (i *zoneImport) err() error {
	var e *apierr.Error
	for _, p := range i.problems {
		if p.Severity != severityError {
			continue
		}
		message := p.Message
		if p.Line != nil {
			message = fmt.Sprintf("Line %d: %s", *p.Line, p.Message)
		}
		if e == nil {
			e = apierr.Invalid("zone_file", "%s", message)
		} else if len(e.Fields) < maxFaults {
			e.Fields = append(e.Fields, apierr.Field{Field: "zone_file", Message: message})
		}
	}
	if e == nil {
		return nil
	}
	return e
}

// add adds what is wrong with the import's operations to its problems.
func (i *zoneImport) add(faults []fault) {
	for _, f := range faults {
		field := ""
		if len(f.Fields) > 0 {
			field = f.Fields[0].Field
		}
		i.problems = append(i.problems, newProblem(f.operation.line, severityError, field, "%s", f.Message))
	}
}

// do makes what was prepared, or tells what is wrong with it.
func (s *Service) do(ctx context.Context, tx *store.Tx, p prepared) (Domain, error) {
	if err := p.err(); err != nil {
		return p.domain, err
	}
	faults, err := p.apply(ctx, p.operations)
	if err != nil {
		return p.domain, err
	}
	if p.add(faults); len(faults) > 0 && faults[0].operation.line > 0 {
		return p.domain, p.err()
	}
	if len(faults) > 0 {
		return p.domain, faults[0].Error
	}
	return s.write(ctx, tx, p.edit)
}
