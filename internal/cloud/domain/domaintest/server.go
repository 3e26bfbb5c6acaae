package domaintest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// Server is a feed.Publisher that stores zones as sets of lines. Like a real name
// server it rejects changes that do not fit.
type Server struct {
	mu      sync.Mutex
	zones   map[string]map[string]bool
	signers map[string]zone.Signer
	reject  func(origin string) error
	calls   []string
	catalog []string // versions: serials and zones
}

func newServer() *Server {
	return &Server{zones: map[string]map[string]bool{}, signers: map[string]zone.Signer{}, reject: func(string) error { return nil }}
}

// Reject makes the server reject zones and changes for which reject returns an
// error.
func (s *Server) Reject(reject func(origin string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reject = reject
}

// Calls returns the calls of Put, Apply and Remove, each as "put example.com.".
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// LastCall returns the last call of Put, Apply and Remove; empty if there was none.
func (s *Server) LastCall() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.calls) == 0 {
		return ""
	}
	return s.calls[len(s.calls)-1]
}

// ForgetCalls makes Calls begin anew.
func (s *Server) ForgetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = nil
}

// LoseZones removes all zones without the feed's knowledge.
func (s *Server) LoseZones() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.zones)
}

// Catalogs returns the versions of the catalog, each as its serial and zones.
func (s *Server) Catalogs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.catalog)
}

// Signer returns what signs a zone; nil if it is not signed.
func (s *Server) Signer(origin string) zone.Signer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.signers[origin]
}

func (s *Server) Put(z zone.Zone) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, "put "+z.Origin)
	if err := s.reject(z.Origin); err != nil {
		return err
	}
	if len(z.Records) == 0 || z.Records[0].Header().Rrtype != dns.TypeSOA {
		return errors.New("the SOA record is not the first")
	}
	lines := map[string]bool{}
	for _, rr := range z.Records {
		lines[rr.String()] = true
	}
	s.zones[z.Origin], s.signers[z.Origin] = lines, z.Signer
	return nil
}

func (s *Server) Apply(c zone.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, "apply "+c.Origin)
	lines := s.zones[c.Origin]
	if err := s.reject(c.Origin); err != nil || lines == nil {
		return errors.Join(err, errors.New("rejected"))
	}
	for _, rr := range c.Removed {
		if !lines[rr.String()] {
			return errors.New("not there: " + rr.String())
		}
		delete(lines, rr.String())
	}
	for _, rr := range c.Added {
		if lines[rr.String()] {
			return errors.New("there already: " + rr.String())
		}
		lines[rr.String()] = true
	}
	return nil
}

func (s *Server) Remove(origin string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, "remove "+origin)
	_, ok := s.zones[origin]
	delete(s.zones, origin)
	return ok
}

func (s *Server) Catalog(serial uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catalog = append(s.catalog, fmt.Sprint(serial, slices.Sorted(maps.Keys(s.zones))))
	return nil
}

// Lines returns the records of a zone, sorted, without the SOA record.
func (s *Server) Lines(name string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for line := range s.zones[name+"."] {
		if !strings.Contains(line, "\tSOA\t") {
			all = append(all, strings.Join(strings.Fields(line), " "))
		}
	}
	slices.Sort(all)
	return all
}

// Serial returns the serial of a zone, 0 if the server does not have the zone.
func (s *Server) Serial(name string) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range s.zones[name+"."] {
		if rr, err := dns.NewRR(line); err == nil && rr.Header().Rrtype == dns.TypeSOA {
			return rr.(*dns.SOA).Serial
		}
	}
	return 0
}
