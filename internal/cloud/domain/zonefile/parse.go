package zonefile

import (
	"errors"
	"strings"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/naming/charstring"
)

// The limits of zone files.
const (
	maxBytes    = 1 << 20
	maxRecords  = 10_000
	maxProblems = 1000
)

// File is a parsed zone file.
type File struct {
	TTL      int    // seconds: of the SOA record, or of the file; 0 if it has neither
	Serial   uint32 // of the SOA record; 0 if there is none
	Records  []Record
	Problems []Problem

	SOA     *dns.SOA // nil if there is none
	SOALine int
}

// Record is a record of a zone file and the line at which it begins.
type Record struct {
	Line int
	record.Record
}

const sameRecord = "Is left out: the same record is at line %d"

// parser parses one zone file.
type parser struct {
	zone   record.Zone
	file   File
	origin string // of relative names, with the final dot
	owner  string // of the last entry
	ttl    uint32 // for a record without one
	hasTTL bool   // ttl stays until the next $TTL; else it is that of the last record
	stated bool   // the client or the file has stated a TTL
	seen   map[string]int
	ttls   map[string]int
	left   []leftOut

	unstated []int // indexes in file.Records of the records before the first stated TTL
}

// Parse reads the records of the domain name from a zone file. It never fails:
// text that can't be parsed is among the problems. $INCLUDE and $GENERATE are not
// supported. A record without a TTL takes that of the last $TTL, or else of the
// record before it. If there is neither, it takes the minimum of the SOA record, as
// in BIND; in a file without an SOA record, ttl in seconds. A large file takes a
// tenth of a second or more, so parse it before a transaction, not within.
func Parse(name string, ttl int, text string) *File { return parse(name, ttl, false, text) }

// ParseWithTTL is Parse with a TTL that the client has stated: it takes precedence
// over the minimum of the SOA record.
func ParseWithTTL(name string, ttl int, text string) *File { return parse(name, ttl, true, text) }

func parse(name string, ttl int, stated bool, text string) *File {
	p := parser{zone: record.Zone{Name: name, TTL: ttl}, origin: name + ".", ttl: uint32(ttl), stated: stated,
		seen: map[string]int{}, ttls: map[string]int{}}
	if len(text) > maxBytes {
		p.reject(0, "", "Zone file is too long: %d bytes, the maximum is %d", len(text), maxBytes)
		return &p.file
	}
	for e := range entries(text) {
		if len(p.file.Problems) == maxProblems {
			p.reject(e.line, "", "From here on nothing was read: there are %d problems before", maxProblems)
			break
		}
		p.entry(e)
		if len(p.file.Records) > maxRecords {
			p.reject(e.line, "", "The zone file has more than %d records", maxRecords)
			p.file.Records = p.file.Records[:maxRecords]
			break
		}
	}
	p.warnLeftOut()
	if p.file.TTL == 0 && p.hasTTL && p.ttl >= record.MinTTL && p.ttl <= record.MaxTTL {
		p.file.TTL = int(p.ttl)
	}
	return &p.file
}

func (p *parser) entry(e entry) {
	first, _, _ := strings.Cut(strings.TrimSpace(e.text), " ")
	switch {
	case e.problem != "":
		p.reject(e.line, "", "Can't be read: %s", e.problem)
	case strings.HasPrefix(first, "$"):
		p.directive(e, strings.ToUpper(first))
	case e.indented && p.owner == "":
		p.reject(e.line, "name", "The first record has no name before it")
	case e.indented:
		p.record(e, p.owner+" "+e.text)
	default:
		p.owner = p.qualify(first)
		p.record(e, e.text)
	}
}

// qualify returns the absolute owner that the first word of a line stands for. It
// is not validated here.
func (p *parser) qualify(name string) string {
	switch {
	case name == record.Apex:
		return p.origin
	case strings.HasSuffix(name, "."):
		return name
	}
	return name + "." + strings.TrimPrefix(p.origin, ".")
}

func (p *parser) directive(e entry, name string) {
	if name != "$ORIGIN" && name != "$TTL" {
		p.reject(e.line, "", "%s is not supported: only $ORIGIN and $TTL are", name)
		return
	}
	// The library parses the directive; its effect is read from a record after it.
	rr, err := p.parse(e.text + "\n@ IN A 127.0.0.1")
	switch {
	case err != nil:
		p.reject(e.line, "", "Can't be read: %v", err)
	case name == "$ORIGIN":
		p.origin = rr.Header().Name
	default:
		p.ttl, p.hasTTL, p.stated = rr.Header().Ttl, true, true
	}
}

// parse parses a text that must be exactly one record.
func (p *parser) parse(text string) (dns.RR, error) {
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
		if _, ok := charstring.Unquote(charstring.Quote(txt.Txt)); !ok {
			return nil, errors.New("a \\ before a digit needs three digits, up to 255")
		}
	}
	return rr, nil
}

func (p *parser) record(e entry, text string) {
	rr, err := p.parse(text)
	if err != nil {
		p.reject(e.line, "", "Can't be read: %v", err)
		return
	}
	header := rr.Header()
	if !p.stated && p.file.SOA == nil && p.states(text, header.Ttl) {
		p.stated = true
	}
	if !p.hasTTL {
		p.ttl = header.Ttl
	}
	if n := charstring.Longest(e.text); n > charstring.Max && header.Rrtype == dns.TypeTXT {
		p.warn(e.line, "data", "A string of %d bytes is cut into several: DNS has strings of %d bytes at the most", n, charstring.Max)
	}
	typeName := dns.Type(header.Rrtype).String()
	params, known := record.ParamsOf(rr)
	switch {
	case header.Class != dns.ClassINET:
		p.reject(e.line, "", "Only records of class IN are served, not of %s", dns.Class(header.Class))
	case header.Rrtype == dns.TypeSOA:
		p.soa(e, rr.(*dns.SOA))
	case leftOutBecause[header.Rrtype] != "":
		p.leaveOut(e, header.Rrtype)
	case !known:
		p.reject(e.line, "type", "Type %s is not supported: it must be one of: %s", typeName, record.TypeNames)
	default:
		p.add(e, params)
	}
}

// soa takes the TTL and the serial from the SOA record.
func (p *parser) soa(e entry, soa *dns.SOA) {
	atApex := strings.EqualFold(soa.Hdr.Name, p.zone.Origin())
	if atApex && !p.stated {
		p.takeMinimum(e, soa)
	}
	switch {
	case !atApex:
		p.reject(e.line, "name", "The SOA record must be at the domain itself, %s", p.zone.Origin())
	case p.file.SOA != nil && dns.IsDuplicate(soa, p.file.SOA): // a copied zone ends as it begins (RFC 5936, section 2.2)
		p.warn(e.line, "", sameRecord, p.file.SOALine)
	case p.file.SOA != nil:
		p.reject(e.line, "", "There is an SOA record already, at line %d", p.file.SOALine)
	case soa.Hdr.Ttl < record.MinTTL || soa.Hdr.Ttl > record.MaxTTL:
		p.reject(e.line, "ttl", "TTL must be greater than or equal to %d", record.MinTTL)
	default:
		p.file.SOA, p.file.SOALine = soa, e.line
		p.file.TTL, p.file.Serial = int(soa.Hdr.Ttl), soa.Serial
	}
}

func (p *parser) add(e entry, params record.Params) {
	r, err := p.zone.NewRecord(params)
	if problem := new(apierr.Error); errors.As(err, &problem) {
		p.reject(e.line, problem.Fields[0].Field, "%s", problem.Message)
		return
	}
	rrset := r.RRset()
	id := rrset + " " + p.zone.Content(r)
	if line := p.seen[id]; line > 0 {
		p.warn(e.line, "", sameRecord, line)
		return
	}
	p.seen[id] = e.line
	if ttl, ok := p.ttls[rrset]; ok && ttl != r.TTL {
		p.warn(e.line, "ttl", "Records of one name and type share one TTL: all get that of the last one")
	}
	p.ttls[rrset] = r.TTL
	if !p.stated {
		p.unstated = append(p.unstated, len(p.file.Records))
	}
	p.file.Records = append(p.file.Records, Record{e.line, r})
}
