package dns

import (
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/zonedata"
)

// moments are those at which lines of a log were written.
type moments chan time.Time

func (m moments) Write(line []byte) (int, error) {
	select {
	case m <- time.Now():
	default:
	}
	return len(line), nil
}

// next waits for a line.
func (m moments) next(t *testing.T) time.Time {
	t.Helper()
	select {
	case at := <-m:
		return at
	case <-time.After(10 * time.Second):
		t.Error("nothing is logged")
		return time.Time{}
	}
}

// TestLastingErrorOfASocket holds that an error which stays is logged, and not
// met again at once.
func TestLastingErrorOfASocket(t *testing.T) {
	log := make(moments, 100)
	s, err := New(zonedata.New(), Config{Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(past) // all reads fail
	s.wg.Go(func() { s.serveUDP(conn) })
	first := log.next(t)
	if between := log.next(t).Sub(first); between < 50*time.Millisecond {
		t.Errorf("tried again after %v", between)
	}
	s.cancel()
	s.wg.Wait()
}
