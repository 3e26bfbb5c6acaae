package domain

import (
	"fmt"
	"strings"
)

// ZoneFile writes the domain as a zone file (RFC 1035, section 5), in the form
// of the contract: the SOA record takes the TTL of the file, all others have
// their own.
func (d Domain) ZoneFile(records []Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "$ORIGIN %s.\n$TTL %d\n%s. IN SOA %s. hostmaster.%s. %d %d %d %d %d\n",
		d.Name, d.TTL, d.Name, d.Primary, d.Name, d.Serial, soaRefresh, soaRetry, soaExpire, soaMinimum)
	for _, r := range records {
		if r.Type == typeSOA {
			continue
		}
		fmt.Fprintf(&b, "%s. %d IN %s %s\n", absolute(d.Name, r.Name), r.TTL, r.Type, d.rdata(r))
	}
	return b.String()
}

// rdata is what stands after the type in a zone file.
func (d Domain) rdata(r Record) string {
	host := hostname(d.Name, r.Data) + "."
	switch r.Type {
	case "A", "AAAA":
		return r.Data
	case "CAA":
		return fmt.Sprintf(`%d %s "%s"`, at(r.Flags), deref(r.Tag), caaValue(d.Name, r.Data))
	case "MX":
		return fmt.Sprintf("%d %s", at(r.Priority), host)
	case "SRV":
		return fmt.Sprintf("%d %d %d %s", at(r.Priority), at(r.Weight), at(r.Port), host)
	case "TXT":
		return quote(txtStrings(txtContent(r.Data)))
	}
	return host
}
