package dns

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// draft is a change of contents in the making. It holds the names that are
// touched, so its price is theirs.
type draft struct {
	packer  packer
	base    *contents
	names   map[string]*sketch
	records int // more than in base
}

// sketch is a name that is touched.
type sketch struct {
	node
	lists map[uint16]*list // of the types that are touched
}

// list is an RRset that is touched.
type list struct {
	records [][]byte
	origins [][]uint16 // of each record, in it
	length  int        // of all records
}

func newDraft(base *contents) *draft {
	return &draft{packer: packer{origin: base.wire}, base: base, names: map[string]*sketch{}}
}

func (d *draft) sketch(key, owner string) *sketch {
	s := d.names[key]
	if s == nil {
		s = &sketch{node: node{owner: owner}}
		if n := d.base.node(key); n != nil {
			s.node = *n
		}
		d.names[key] = s
	}
	return s
}

func (s *sketch) list(rrtype uint16) *list {
	l := s.lists[rrtype]
	if l != nil {
		return l
	}
	l = &list{}
	if set := s.get(rrtype); set != nil {
		wire, origins, at := set.wire, set.origins, 0
		for len(wire) > 0 {
			size := size(wire)
			var own []uint16
			for len(origins) > 0 && int(origins[0]) < at+size {
				own = append(own, origins[0]-uint16(at))
				origins = origins[1:]
			}
			l.records = append(l.records, wire[:size:size])
			l.origins = append(l.origins, own)
			l.length += size
			wire, at = wire[size:], at+size
		}
	}
	if s.lists == nil {
		s.lists = map[uint16]*list{}
	}
	s.lists[rrtype] = l
	return l
}

// index finds a record of the same data; -1 if there is none.
func (l *list) index(p packed) int {
	for i, wire := range l.records {
		if sameData(p.rrtype, wire[recordHead:], p.wire[recordHead:]) {
			return i
		}
	}
	return -1
}

// add adds a record. One that is there already is not added twice (RFC 2181,
// section 5); twice reports that.
func (d *draft) add(rr dns.RR) (twice bool, _ error) {
	p, err := d.packer.pack(rr)
	if err != nil {
		return false, err
	}
	if p.rrtype == dns.TypeSOA && p.key != "" {
		return false, fmt.Errorf("%s SOA: is not at the zone's apex", rr.Header().Name)
	}
	l := d.sketch(p.key, p.owner).list(p.rrtype)
	if l.index(p) >= 0 {
		return true, nil
	}
	if l.length+len(p.wire) > longestSet {
		return false, fmt.Errorf("%s %s: has more records than a message can carry", rr.Header().Name, dns.TypeToString[p.rrtype])
	}
	l.length += len(p.wire)
	l.records = append(l.records, p.wire)
	l.origins = append(l.origins, p.origins)
	d.records++
	return false, nil
}

// remove removes a record, which has to be there.
func (d *draft) remove(rr dns.RR) error {
	p, err := d.packer.pack(rr)
	if err != nil {
		return err
	}
	l := d.sketch(p.key, p.owner).list(p.rrtype)
	i := l.index(p)
	if i < 0 {
		return fmt.Errorf("%s %s: the record is not in the zone", rr.Header().Name, dns.TypeToString[p.rrtype])
	}
	l.length -= len(l.records[i])
	l.records = removed(l.records, i)
	l.origins = removed(l.origins, i)
	d.records--
	return nil
}

// rrset joins the records. Their TTLs become one, the least (RFC 2181, section
// 5.2).
func (l *list) rrset(rrtype uint16) *rrset {
	ttl := uint32(1<<31 - 1)
	for _, wire := range l.records {
		ttl = min(ttl, binary.BigEndian.Uint32(wire[6:]))
	}
	set := &rrset{rrtype: rrtype, count: uint16(len(l.records)), wire: make([]byte, 0, l.length)}
	for i, wire := range l.records {
		for _, at := range l.origins[i] {
			set.origins = append(set.origins, at+uint16(len(set.wire)))
		}
		at := len(set.wire)
		set.wire = append(set.wire, wire...)
		binary.BigEndian.PutUint32(set.wire[at+6:], ttl)
	}
	return set
}

// finish returns the contents with the change.
func (d *draft) finish() (*contents, error) {
	next := *d.base
	next.records += d.records
	touched := make([]string, 0, len(d.names))
	for key := range d.names {
		touched = append(touched, key) // d.names grows by ancestors
	}
	for _, key := range touched {
		s := d.names[key]
		sets := s.join()
		if err := check(key, sets); err != nil {
			return nil, fmt.Errorf("%s %w", presentation(s.owner+d.base.wire), err)
		}
		before := s.present()
		s.sets = sets
		d.tell(key, before, s)
	}
	for key, s := range d.names {
		d.settle(&next, key, s)
	}
	return &next, next.check()
}

// join returns the RRsets of a name, those that are touched made anew.
func (s *sketch) join() []*rrset {
	var sets []*rrset
	for _, set := range s.sets {
		if s.lists[set.rrtype] == nil {
			sets = append(sets, set)
		}
	}
	for rrtype, l := range s.lists {
		if len(l.records) == 0 {
			continue
		}
		i := 0
		for i < len(sets) && sets[i].rrtype < rrtype {
			i++
		}
		sets = inserted(sets, i, l.rrset(rrtype))
	}
	return sets
}

// check refuses what must not be at one name.
func check(key string, sets []*rrset) error {
	for _, set := range sets {
		switch set.rrtype {
		case dns.TypeSOA:
			if set.count > 1 {
				return errors.New("SOA: there is more than one")
			}
		case dns.TypeCNAME:
			if key == "" {
				return errors.New("CNAME: can't be at the zone's apex")
			}
			if set.count > 1 {
				return errors.New("CNAME: there is more than one")
			}
			for _, other := range sets {
				if other != set && other.rrtype != dns.TypeRRSIG && other.rrtype != dns.TypeNSEC {
					return errors.New("CNAME: can't be beside other records (RFC 1034, section 3.6.2)")
				}
			}
		}
	}
	return nil
}

// tell tells the name one label above when a name has come or gone.
func (d *draft) tell(key string, before bool, s *sketch) {
	after := s.present()
	if key == "" || before == after {
		return
	}
	size := int(key[0]) + 1
	parent := d.sketch(key[size:], s.owner[size:])
	was := parent.present()
	if after {
		parent.children++
	} else {
		parent.children--
	}
	d.tell(key[size:], was, parent)
}

// settle writes one name to the contents.
func (d *draft) settle(next *contents, key string, s *sketch) {
	n := s.node
	n.cut = key != "" && !strings.HasPrefix(key, "\x01*") && n.get(dns.TypeNS) != nil
	if key == "" {
		next.apex = &n
		return
	}
	star := strings.HasPrefix(key, "\x01*")
	if star && d.base.node(key) != nil {
		next.wildcards--
	}
	if !n.present() {
		next.names = next.names.without(key)
		return
	}
	if n.owner == key {
		n.owner = key // one string instead of two
	}
	if star {
		next.wildcards++
	}
	next.names = next.names.put(key, &n)
}

// check refuses contents without what every zone has, and notes what answers
// need of the SOA.
func (c *contents) check() error {
	soa := c.apex.get(dns.TypeSOA)
	if soa == nil {
		return errors.New("the zone has no SOA record")
	}
	c.negative = negativeSOA(soa)
	c.serial = serialOf(soa)
	return nil
}

// presentation returns a name of wire form as text.
func presentation(wire string) string {
	name, _, err := dns.UnpackDomainName([]byte(wire), 0)
	if err != nil {
		return "a name that can't be shown"
	}
	return name
}
