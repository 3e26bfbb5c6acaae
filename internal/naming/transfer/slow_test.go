package transfer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/answer"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// A client that requests a zone larger than its socket's buffer and reads nothing does
// not block transfers and changes of the zone. The server ends its connection.
func TestASlowReaderBlocksNobody(t *testing.T) {
	zones := zonedata.New()
	p, err := New(zones, Config{Allow: loopback})
	if err != nil {
		t.Fatal(err)
	}
	sending, others, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	slow := func(ctx context.Context, r *answer.Request, send func(*mdns.Msg) error) error {
		if r.Msg.Id != 1 {
			return p.Transfer(ctx, r, send)
		}
		messages := 0
		err := p.Transfer(ctx, r, func(m *mdns.Msg) error {
			if messages++; messages == 2 { // let the others come first, whatever the kernel keeps
				close(sending)
				<-others
			}
			return send(m)
		})
		ended <- err
		return err
	}
	s, err := dns.New(zones, dns.Config{Addresses: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, Answers: answer.Config{Transfer: slow}, MessageTimeout: 3 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	z := zone.Zone{Origin: "example.com.", Records: []mdns.RR{soa(t, 1)}}
	text := slices.Repeat([]string{strings.Repeat("x", 250)}, 16)
	for i := range 5_000 {
		header := mdns.RR_Header{Name: fmt.Sprintf("t%d.example.com.", i), Rrtype: mdns.TypeTXT, Class: mdns.ClassINET, Ttl: 60}
		z.Records = append(z.Records, &mdns.TXT{Hdr: header, Txt: text})
	}
	if err := errors.Join(p.Put(z), s.Start()); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	address := s.Addresses()[0].String()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	query := new(mdns.Msg).SetAxfr("example.com.")
	query.Id = 1
	if err := (&mdns.Conn{Conn: conn}).WriteMsg(query); err != nil {
		t.Fatal(err)
	}
	<-sending
	for serial := 2; serial <= 4; serial++ {
		step(t, p, serial)
		query.Id = uint16(serial)
		rrs, _, err := transferred(address, query, nil)
		if err != nil || soaFirst(rrs).Serial != uint32(serial) {
			t.Errorf("%d records, %v", len(rrs), err)
		}
	}
	close(others)
	var timeout net.Error
	if err := <-ended; !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("the slow transfer ended: %v", err)
	}
}
