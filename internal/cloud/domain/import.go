package domain

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonefile"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// zoneImport is the operations that make a domain's records those of a zone file.
type zoneImport struct {
	operations []*operation
	unchanged  int // number of records in the file that the domain has already
	problems   []zonefile.Problem
}

// readZoneFile returns the operations that make the domain's records those of a zone
// file. The domain takes its TTL from the SOA record, and its next serial will be
// later than that of the SOA record. If the file has no NS records at the apex, the
// domain keeps its own. It always keeps the records that the cloud makes.
func (s *Service) readZoneFile(e *edit, file *zonefile.File) zoneImport {
	e.floor = file.Serial
	if file.TTL != 0 {
		e.ttl = file.TTL
	}
	i := zoneImport{problems: file.Problems}
	hasNS := slices.ContainsFunc(file.Records, func(r zonefile.Record) bool { return r.Type == record.TypeNS && r.Name == record.Apex })
	if !hasNS {
		i.warn(0, "", "The zone file has no NS record for %s; the domain has its own", e.domain.Origin())
	}
	for _, r := range file.Records {
		if r.Type == record.TypeNS && r.Name == record.Apex && !slices.Contains(s.Nameservers, strings.ToLower(record.Hostname(e.domain.Name, r.Data))) {
			i.warn(r.Line, "data", "%s is not a name server of this cloud", record.Hostname(e.domain.Name, r.Data))
		}
	}
	if soa := file.SOA; soa != nil && !record.SameSOA(soa, e.domain.SOA()) {
		i.warn(file.SOALine, "", "Of the SOA record only the TTL and the serial are taken")
	}
	i.compare(e, file.Records, hasNS)
	return i
}

func (i *zoneImport) warn(line int, field, format string, args ...any) {
	i.problems = append(i.problems, zonefile.NewProblem(line, zonefile.SeverityWarning, field, format, args...))
}

// compare makes the operations that lead from the domain's records to those of the
// file. Records with the same content stay. A record that the file has instead of
// another one of its name and type is an update of that one.
func (i *zoneImport) compare(e *edit, file []zonefile.Record, hasNS bool) {
	there := matching{byContent: map[string][]*record.Record{}, byRRset: map[string][]*record.Record{}, taken: map[*record.Record]bool{}}
	all := e.all()
	for _, r := range all {
		if r.Type == record.TypeSOA || !hasNS && r.Type == record.TypeNS && r.Name == record.Apex {
			there.taken[r] = true
			continue
		}
		content := r.RRset() + " " + e.domain.Content(*r)
		there.byContent[content] = append(there.byContent[content], r)
		if r.DropletID == 0 {
			there.byRRset[r.RRset()] = append(there.byRRset[r.RRset()], r)
		}
	}
	var missing []zonefile.Record
	for _, f := range file {
		if r := there.take(there.byContent, f.RRset()+" "+e.domain.Content(f.Record)); r == nil {
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
		if r := there.take(there.byRRset, f.RRset()); r != nil {
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

// matching finds the records of a domain that match those of a zone file. Each
// record is taken once.
type matching struct {
	byContent map[string][]*record.Record // by RRset and content
	byRRset   map[string][]*record.Record
	taken     map[*record.Record]bool
}

// take takes the first record with a key that is not taken; nil if there is none.
func (m matching) take(from map[string][]*record.Record, key string) *record.Record {
	for len(from[key]) > 0 {
		r := from[key][0]
		from[key] = from[key][1:]
		if !m.taken[r] {
			m.taken[r] = true
			return r
		}
	}
	return nil
}

// err joins the errors among the import's problems; nil if there are none.
func (i *zoneImport) err() error {
	var e *apierr.Error
	for _, p := range i.problems {
		if p.Severity != zonefile.SeverityError {
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

// add adds faults of the operations to the problems.
func (i *zoneImport) add(faults []fault) {
	for _, f := range faults {
		field := ""
		if len(f.Fields) > 0 {
			field = f.Fields[0].Field
		}
		i.problems = append(i.problems, zonefile.NewProblem(f.operation.line, zonefile.SeverityError, field, "%s", f.Message))
	}
}

// do applies and writes a prepared edit.
func (s *Service) do(ctx context.Context, tx *store.Tx, p prepared) (zonedb.Domain, error) {
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
