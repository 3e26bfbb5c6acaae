package domain

import (
	"errors"
	"strings"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// The most that is read of a zone file.
const (
	maxZoneFile    = 1 << 20 // bytes
	maxFileRecords = 10_000
	maxProblems    = 1000
)

// ZoneFile is what a zone file says.
type ZoneFile struct {
	TTL      int    // of its SOA record, or of the file; 0 if it has neither
	Serial   uint32 // of its SOA record; 0 if it has none
	Records  []FileRecord
	Problems []Problem

	soa     *dns.SOA
	soaLine int
}

// FileRecord is a record of a zone file, and the line that it begins at.
type FileRecord struct {
	Line int
	Record
}

const sameRecord = "Is left out: the same record is at line %d"

// fileParser is a zone file being read.
type fileParser struct {
	domain Domain
	file   ZoneFile
	origin string // of relative names, with the final dot
	owner  string // of the last entry
	ttl    uint32 // for a record without one
	hasTTL bool   // it stays until the next $TTL; else it is that of the last record
	stated bool   // the client or the file has said what the TTL is
	seen   map[string]int
	ttls   map[string]int
	left   []leftOut

	unstated []int // of file.Records, those before any TTL was stated
}

// ParseZoneFile reads the records of a domain from a zone file. It never
// fails: what can't be read is among the problems. $INCLUDE and $GENERATE are
// refused. Records without a TTL, and no $TTL or record with one before them,
// get the minimum of the SOA record, as BIND has it; in a file without an SOA
// record the TTL that is given, in seconds. A large file takes a tenth of a
// second or more: it is to be read before a transaction, which others wait for.
func ParseZoneFile(name string, ttl int, text string) *ZoneFile {
	return parseZoneFile(name, ttl, false, text)
}

// parseZoneFile is ParseZoneFile with a TTL that goes before the minimum of the
// SOA record if the client has stated it.
func parseZoneFile(name string, ttl int, stated bool, text string) *ZoneFile {
	p := fileParser{domain: Domain{Name: name, TTL: ttl}, origin: name + ".", ttl: uint32(ttl), stated: stated,
		seen: map[string]int{}, ttls: map[string]int{}}
	if len(text) > maxZoneFile {
		p.problem(0, severityError, "", "Zone file is too long: %d bytes, the maximum is %d", len(text), maxZoneFile)
		return &p.file
	}
	for e := range entries(text) {
		if len(p.file.Problems) == maxProblems {
			p.problem(e.line, severityError, "", "From here on nothing was read: there are %d problems before", maxProblems)
			break
		}
		p.entry(e)
		if len(p.file.Records) > maxFileRecords {
			p.problem(e.line, severityError, "", "The zone file has more than %d records", maxFileRecords)
			p.file.Records = p.file.Records[:maxFileRecords]
			break
		}
	}
	p.tellLeftOut()
	if p.file.TTL == 0 && p.hasTTL && p.ttl >= minTTL && p.ttl <= maxTTL {
		p.file.TTL = int(p.ttl)
	}
	return &p.file
}

func (p *fileParser) entry(e fileEntry) {
	first, _, _ := strings.Cut(strings.TrimSpace(e.text), " ")
	switch {
	case e.problem != "":
		p.problem(e.line, severityError, "", "Can't be read: %s", e.problem)
	case strings.HasPrefix(first, "$"):
		p.directive(e, strings.ToUpper(first))
	case e.indented && p.owner == "":
		p.problem(e.line, severityError, "name", "The first record has no name before it")
	case e.indented:
		p.record(e, p.owner+" "+e.text)
	default:
		p.owner = p.qualify(first)
		p.record(e, e.text)
	}
}

// qualify is the owner that the first word of a line means; the parser of
// records finds out whether it is one.
func (p *fileParser) qualify(name string) string {
	switch {
	case name == apex:
		return p.origin
	case strings.HasSuffix(name, "."):
		return name
	}
	return name + "." + strings.TrimPrefix(p.origin, ".")
}

func (p *fileParser) directive(e fileEntry, name string) {
	if name != "$ORIGIN" && name != "$TTL" {
		p.problem(e.line, severityError, "", "%s is not supported: only $ORIGIN and $TTL are", name)
		return
	}
	// What a directive means shows in a record after it.
	rr, err := p.parse(e.text + "\n@ IN A 127.0.0.1")
	switch {
	case err != nil:
		p.problem(e.line, severityError, "", "Can't be read: %v", err)
	case name == "$ORIGIN":
		p.origin = rr.Header().Name
	default:
		p.ttl, p.hasTTL, p.stated = rr.Header().Ttl, true, true
	}
}

// parse reads a text with exactly one record.
func (p *fileParser) parse(text string) (dns.RR, error) {
	parser := dns.NewZoneParser(strings.NewReader(text+"\n"), p.origin, "")
	parser.SetDefaultTTL(p.ttl)
	rr, ok := parser.Next()
	if err := parser.Err(); err != nil {
		message, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "dns: "), " at line: ")
		return nil, errors.New(strings.Replace(message, "not a TTL:", "neither a type nor a class nor a TTL:", 1))
	}
	if !ok || rr == nil {
		return nil, errors.New("it is no record")
	}
	if more, ok := parser.Next(); ok || more != nil || parser.Err() != nil {
		return nil, errors.New("it is more than one record")
	}
	if txt, ok := rr.(*dns.TXT); ok {
		if _, ok := unquote(quote(txt.Txt)); !ok {
			return nil, errors.New("a \\ before a digit needs three digits, up to 255")
		}
	}
	return rr, nil
}

func (p *fileParser) record(e fileEntry, text string) {
	rr, err := p.parse(text)
	if err != nil {
		p.problem(e.line, severityError, "", "Can't be read: %v", err)
		return
	}
	header := rr.Header()
	if !p.stated && p.file.soa == nil && p.states(text, header.Ttl) {
		p.stated = true
	}
	if !p.hasTTL {
		p.ttl = header.Ttl
	}
	if n := longestString(e.text); n > maxString && header.Rrtype == dns.TypeTXT {
		p.problem(e.line, severityWarning, "data", "A string of %d bytes is cut into several: DNS has strings of %d bytes at the most", n, maxString)
	}
	typeName := dns.Type(header.Rrtype).String()
	params, known := paramsOf(rr)
	switch {
	case header.Class != dns.ClassINET:
		p.problem(e.line, severityError, "", "Only records of class IN are served, not of %s", dns.Class(header.Class))
	case header.Rrtype == dns.TypeSOA:
		p.soa(e, rr.(*dns.SOA))
	case leftOutBecause[header.Rrtype] != "":
		p.leaveOut(e, header.Rrtype)
	case !known:
		p.problem(e.line, severityError, "type", "Type %s is not supported: it must be one of: %s", typeName, typeNames)
	default:
		p.add(e, params)
	}
}

// soa takes from the SOA record what a domain can have of it.
func (p *fileParser) soa(e fileEntry, soa *dns.SOA) {
	atApex := strings.EqualFold(soa.Hdr.Name, p.domain.Origin())
	if atApex && !p.stated {
		p.takeMinimum(e, soa)
	}
	switch {
	case !atApex:
		p.problem(e.line, severityError, "name", "The SOA record must be at the domain itself, %s", p.domain.Origin())
	case p.file.soa != nil && dns.IsDuplicate(soa, p.file.soa): // a copied zone ends as it begins (RFC 5936, section 2.2)
		p.problem(e.line, severityWarning, "", sameRecord, p.file.soaLine)
	case p.file.soa != nil:
		p.problem(e.line, severityError, "", "There is an SOA record already, at line %d", p.file.soaLine)
	case soa.Hdr.Ttl < minTTL || soa.Hdr.Ttl > maxTTL:
		p.problem(e.line, severityError, "ttl", "TTL must be greater than or equal to %d", minTTL)
	default:
		p.file.soa, p.file.soaLine = soa, e.line
		p.file.TTL, p.file.Serial = int(soa.Hdr.Ttl), soa.Serial
	}
}

func (p *fileParser) add(e fileEntry, params Params) {
	r, err := p.domain.newRecord(params)
	if problem := new(apierr.Error); errors.As(err, &problem) {
		p.problem(e.line, severityError, problem.Fields[0].Field, "%s", problem.Message)
		return
	}
	rrset := r.rrset()
	id := rrset + " " + p.domain.content(r)
	if line := p.seen[id]; line > 0 {
		p.problem(e.line, severityWarning, "", sameRecord, line)
		return
	}
	p.seen[id] = e.line
	if ttl, ok := p.ttls[rrset]; ok && ttl != r.TTL {
		p.problem(e.line, severityWarning, "ttl", "Records of one name and type share one TTL: all get that of the last one")
	}
	p.ttls[rrset] = r.TTL
	if !p.stated {
		p.unstated = append(p.unstated, len(p.file.Records))
	}
	p.file.Records = append(p.file.Records, FileRecord{e.line, r})
}
