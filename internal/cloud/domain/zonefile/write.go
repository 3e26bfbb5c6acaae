package zonefile

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
)

// Write returns the zone file of a zone (RFC 1035, section 5) in the form of the
// contract: the SOA record has no TTL of its own, because it takes that of the
// file; every other record has one.
func Write(z record.Zone, records []record.Record) string {
	var b strings.Builder
	WriteHead(&b, z)
	for _, r := range records {
		WriteRecord(&b, z, r)
	}
	return b.String()
}

// WriteHead writes the directives and the SOA record, which precede all other
// records.
func WriteHead(b *strings.Builder, z record.Zone) {
	fmt.Fprintf(b, "$ORIGIN %s.\n$TTL %d\n%s. IN SOA %s. hostmaster.%s. %d %d %d %d %d\n",
		z.Name, z.TTL, z.Name, z.Primary, z.Name, z.Serial, record.SOARefresh, record.SOARetry, record.SOAExpire, record.SOAMinimum)
}

// WriteRecord writes a record. It skips the SOA record, which WriteHead writes.
func WriteRecord(b *strings.Builder, z record.Zone, r record.Record) {
	if r.Type == record.TypeSOA {
		return
	}
	if r.Name != record.Apex {
		b.WriteString(r.Name)
		b.WriteByte('.')
	}
	b.WriteString(z.Name)
	b.WriteString(". ")
	b.WriteString(strconv.Itoa(r.TTL))
	b.WriteString(" IN ")
	b.WriteString(r.Type)
	b.WriteByte(' ')
	b.WriteString(z.RData(r))
	b.WriteByte('\n')
}
