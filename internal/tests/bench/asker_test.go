package bench

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	mdns "github.com/miekg/dns"
)

// asker queries the name server over UDP and compares the answers.
type asker struct {
	changedRun
	address string
	conn    *mdns.Conn
}

func (a *asker) close() {
	if a.conn != nil {
		a.conn.Close()
	}
}

// standBy queries names that do not change, in domains that do.
func (a *asker) standBy(ends time.Time) error {
	defer a.close()
	tick := time.NewTicker(bystandersTick)
	defer tick.Stop()
	for time.Now().Before(ends) {
		<-tick.C
		for range askedEveryTick {
			if err := a.expect("www."+changedDomain(rand.IntN(changedDomains))+".", stableData); err != nil {
				return err
			}
		}
	}
	return nil
}

// expect queries the addresses of a name, and counts an answer with other
// addresses as wrong. Without addresses, the name must not exist.
func (a *asker) expect(name string, addresses ...string) error {
	answer, err := a.ask(name)
	if err != nil {
		return fmt.Errorf("ask for %s: %w", name, err)
	}
	a.asked++
	rcode := mdns.RcodeSuccess
	if len(addresses) == 0 {
		rcode = mdns.RcodeNameError
	}
	var got []string
	for _, rr := range answer.Answer {
		if record, ok := rr.(*mdns.A); ok && rr.Header().Name == name {
			got = append(got, record.A.String())
		}
	}
	if answer.Rcode != rcode || !answer.Authoritative || len(answer.Answer) != len(got) || !slices.Equal(got, addresses) {
		a.wrong++
	}
	return nil
}

// askTries is how often a query is sent if its datagrams are lost, because
// the buffer of a socket is full.
const askTries = 5

func (a *asker) ask(name string) (*mdns.Msg, error) {
	if a.conn == nil {
		conn, err := mdns.Dial("udp", a.address)
		if err != nil {
			return nil, err
		}
		a.conn = conn
	}
	query := new(mdns.Msg).SetQuestion(name, mdns.TypeA)
	var err error
	for range askTries {
		if err = a.conn.WriteMsg(query); err != nil {
			return nil, err
		}
		if err = a.conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			return nil, err
		}
		var answer *mdns.Msg
		for err == nil && (answer == nil || answer.Id != query.Id) { // a late answer to an earlier try may still arrive
			answer, err = a.conn.ReadMsg()
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return answer, err
		}
	}
	return nil, err
}
