package domain_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/domain"
)

// BenchmarkParseZoneFile reads the most records that a zone file may have.
func BenchmarkParseZoneFile(b *testing.B) {
	var text strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&text, "host%d 3600 IN A 10.0.%d.%d\n", i, i/256, i%256)
	}
	b.ReportAllocs()
	for b.Loop() {
		if file := domain.ParseZoneFile("example.com", text.String()); len(file.Records) != 10_000 {
			b.Fatal(len(file.Records))
		}
	}
}
