package bench

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

const (
	manyZones = 100_000
	fewZones  = 10
	changes   = 2_000
)

// BenchmarkDNSLoad measures a server of very many zones: the time until it
// answers, its memory, and the cost of a change compared to a server of few
// zones.
func BenchmarkDNSLoad(b *testing.B) {
	before := heap()
	began := time.Now()
	table, records := loaded(b, manyZones)
	server, err := dns.New(table, dns.Config{Addresses: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}})
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = server.Close() })
	query := new(mdns.Msg).SetQuestion("www."+zoneName(manyZones-1), mdns.TypeA)
	answer, err := mdns.Exchange(query, server.Addresses()[0].String())
	if err != nil || len(answer.Answer) != 1 {
		b.Fatal(answer, err)
	}
	took := samples{time.Since(began).Seconds()}
	record(b, fmt.Sprintf("DNS: %d zones, start to answering", manyZones), took, took[0], "s", 5)
	memory := samples{float64(heap()-before) / float64(records)}
	record(b, "DNS: memory a record, strings and all", memory, memory[0], "bytes", 600)

	few, _ := loaded(b, fewZones)
	many, little := changeCost(b, table, manyZones), changeCost(b, few, fewZones)
	record(b, fmt.Sprintf("DNS: a change with %d zones, median", fewZones), little, little.median(), "µs", 0)
	record(b, fmt.Sprintf("DNS: a change with %d zones, median", manyZones), many, many.median(), "µs", 0)
	runtime.KeepAlive(server)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// loaded returns a table with that many zones, and the number of their
// records.
func loaded(b *testing.B, zones int) (*zonedata.Table, int) {
	table := zonedata.New()
	records := 0
	for i := range zones {
		z := zone.Zone{Origin: zoneName(i), Records: zoneRecords(zoneName(i))}
		records += len(z.Records)
		if err := table.Put(z); err != nil {
			b.Fatal(err)
		}
	}
	return table, records
}

func recordHead(name string, rrtype uint16) mdns.RR_Header {
	return mdns.RR_Header{Name: name, Rrtype: rrtype, Class: mdns.ClassINET, Ttl: 1800}
}

func soaOf(origin string, serial uint32) mdns.RR {
	return &mdns.SOA{
		Hdr: recordHead(origin, mdns.TypeSOA), Ns: "ns1." + origin, Mbox: "hostmaster." + origin,
		Serial: serial, Refresh: 10800, Retry: 3600, Expire: 604800, Minttl: 1800,
	}
}

func addressOf(name string, last byte) mdns.RR {
	return &mdns.A{Hdr: recordHead(name, mdns.TypeA), A: net.IPv4(192, 0, 2, last)}
}

// zoneRecords returns the records of a small site.
func zoneRecords(origin string) []mdns.RR {
	rrs := []mdns.RR{soaOf(origin, 1)}
	for _, server := range []string{"ns1.", "ns2.", "ns3."} {
		rrs = append(rrs, &mdns.NS{Hdr: recordHead(origin, mdns.TypeNS), Ns: server + "rockpool.example."})
	}
	return append(rrs,
		addressOf(origin, 1), addressOf("www."+origin, 2), addressOf("mail."+origin, 3),
		&mdns.MX{Hdr: recordHead(origin, mdns.TypeMX), Preference: 10, Mx: "mail." + origin},
		&mdns.TXT{Hdr: recordHead(origin, mdns.TypeTXT), Txt: []string{"v=spf1 mx -all"}},
		&mdns.CNAME{Hdr: recordHead("shop."+origin, mdns.TypeCNAME), Target: "www." + origin})
}

// changeCost measures changes of one record each, in microseconds.
func changeCost(b *testing.B, table *zonedata.Table, zones int) samples {
	var costs samples
	for i := range changes {
		origin := zoneName(i % zones)
		serial := uint32(i/zones) + 1
		change := zone.Change{
			Origin:  origin,
			Removed: []mdns.RR{soaOf(origin, serial)},
			Added:   []mdns.RR{soaOf(origin, serial+1), addressOf(fmt.Sprintf("new%d.%s", i, origin), 9)},
		}
		began := time.Now()
		if err := table.Apply(change); err != nil {
			b.Fatal(err)
		}
		costs = append(costs, float64(time.Since(began))/float64(time.Microsecond))
	}
	return costs
}
