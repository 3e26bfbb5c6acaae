package domain

import (
	"fmt"
	"strconv"
	"strings"
)

// ZoneFile writes the domain as a zone file (RFC 1035, section 5), in the form
// of the contract: the SOA record takes the TTL of the file, all others have
// their own.
func (d Domain) ZoneFile(records []Record) string {
	var b strings.Builder
	d.writeHead(&b)
	for _, r := range records {
		d.writeRecord(&b, r)
	}
	return b.String()
}

// writeHead writes what stands before the records.
func (d Domain) writeHead(b *strings.Builder) {
	fmt.Fprintf(b, "$ORIGIN %s.\n$TTL %d\n%s. IN SOA %s. hostmaster.%s. %d %d %d %d %d\n",
		d.Name, d.TTL, d.Name, d.Primary, d.Name, d.Serial, soaRefresh, soaRetry, soaExpire, soaMinimum)
}

// writeRecord writes a record, unless it is the SOA record: that is in the head.
func (d Domain) writeRecord(b *strings.Builder, r Record) {
	if r.Type == typeSOA {
		return
	}
	if r.Name != apex {
		b.WriteString(r.Name)
		b.WriteByte('.')
	}
	b.WriteString(d.Name)
	b.WriteString(". ")
	b.WriteString(strconv.Itoa(r.TTL))
	b.WriteString(" IN ")
	b.WriteString(r.Type)
	b.WriteByte(' ')
	b.WriteString(d.rdata(r))
	b.WriteByte('\n')
}

// rdata is what stands after the type in a zone file.
func (d Domain) rdata(r Record) string {
	if r.Type == "A" || r.Type == "AAAA" {
		return r.Data
	}
	host := hostname(d.Name, r.Data) + "."
	switch r.Type {
	case "CAA":
		return fmt.Sprintf(`%d %s "%s"`, at(r.Flags), deref(r.Tag), caaValue(d.Name, r.Data))
	case "MX":
		return fmt.Sprintf("%d %s", at(r.Priority), host)
	case "SRV":
		return fmt.Sprintf("%d %d %d %s", at(r.Priority), at(r.Weight), at(r.Port), host)
	case "TXT":
		return quote(escapeAll(txtStrings(r.Data)))
	}
	return host
}
