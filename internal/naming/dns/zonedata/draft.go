package zonedata

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/naming/dns/dnsname"
	"github.com/rockpool-cloud/rockpool/internal/naming/dns/trie"
)

// draft is a change of contents in the making. It holds the names that are
// touched, so its price is theirs.
type draft struct {
	packer  *packer
	base    *Contents
	names   map[string]*sketch // by name, lower case, without the origin
	records int                // more than in base
}

// sketch is a name that is touched.
type sketch struct {
	Node
	key   string  // node.owner in lower case
	lists []*list // of the types that are touched
}

func newDraft(base *Contents) *draft {
	return &draft{packer: newPacker(base.Wire), base: base, names: map[string]*sketch{}}
}

// free ends a draft, finished or not.
func (d *draft) free() { d.packer.free() }

// sketch returns what becomes of a name, which is given as it is spelled.
func (d *draft) sketch(owner []byte) *sketch {
	var buf [256]byte
	key := append(buf[:0], owner...)
	dnsname.Lower(key)
	if s := d.names[string(key)]; s != nil {
		return s
	}
	s := &sketch{key: string(key)}
	if n := d.base.Node([]byte(s.key)); n != nil {
		s.Node = *n
	} else if s.Owner = s.key; s.key != string(owner) {
		s.Owner = string(owner)
	}
	d.names[s.key] = s
	return s
}

// list returns what becomes of an RRset.
func (s *sketch) list(rrtype uint16) *list {
	for _, l := range s.lists {
		if l.rrtype == rrtype {
			return l
		}
	}
	l := &list{rrtype: rrtype}
	if set := s.Get(rrtype); set != nil {
		l.split(set)
	}
	s.lists = append(s.lists, l)
	return l
}

// add adds a record. One that is there already is not added twice (RFC 2181,
// section 5); twice reports that.
func (d *draft) add(rr dns.RR) (twice bool, _ error) {
	p, err := d.packer.pack(rr)
	if err != nil {
		return false, err
	}
	if p.rrtype == dns.TypeSOA && len(p.owner) > 0 {
		return false, fmt.Errorf("%s SOA: is not at the zone's apex", rr.Header().Name)
	}
	l := d.sketch(p.owner).list(p.rrtype)
	if l.index(p) >= 0 {
		return true, nil
	}
	if err := l.add(p.record); err != nil {
		return false, fmt.Errorf("%s %s: %w", rr.Header().Name, dns.Type(p.rrtype), err)
	}
	d.records++
	return false, nil
}

// remove removes a record, which has to be there.
func (d *draft) remove(rr dns.RR) error {
	p, err := d.packer.pack(rr)
	if err != nil {
		return err
	}
	l := d.sketch(p.owner).list(p.rrtype)
	i := l.index(p)
	if i < 0 {
		return fmt.Errorf("%s %s: the record is not in the zone", rr.Header().Name, dns.Type(p.rrtype))
	}
	l.length -= len(l.records[i].wire)
	l.records = slices.Delete(l.records, i, i+1)
	d.records--
	return nil
}

// finish returns the contents with the change.
func (d *draft) finish() (*Contents, error) {
	next := *d.base
	next.records += d.records
	touched := slices.Collect(maps.Values(d.names)) // which grow by ancestors
	for _, s := range touched {
		sets := s.join()
		if err := check(s.key, sets); err != nil {
			return nil, fmt.Errorf("%s %w", dnsname.Text(s.Owner+d.base.Wire), err)
		}
		before := s.present()
		s.sets = sets
		d.tell(before, s)
	}
	var fresh []trie.Entry[Node]
	for _, s := range d.names {
		n := d.settle(&next, s)
		switch {
		case s.key == "":
			next.apex = n
		case d.base.names == nil && n.present():
			fresh = append(fresh, trie.NewEntry(s.key, n))
		case n.present():
			next.names = next.names.Put(s.key, n)
		default:
			next.names = next.names.Without(s.key)
		}
	}
	if d.base.names == nil {
		next.names = trie.New(fresh)
	}
	return &next, next.check()
}

// join returns the RRsets of a name, those that are touched made anew, in order
// of their types.
func (s *sketch) join() []*RRset {
	sets := make([]*RRset, 0, len(s.sets)+len(s.lists))
	for _, set := range s.sets {
		if !slices.ContainsFunc(s.lists, func(l *list) bool { return l.rrtype == set.rrtype }) {
			sets = append(sets, set)
		}
	}
	for _, l := range s.lists {
		if len(l.records) > 0 {
			sets = append(sets, l.rrset())
		}
	}
	slices.SortFunc(sets, func(a, b *RRset) int { return int(a.rrtype) - int(b.rrtype) })
	return slices.Clip(sets)
}

// check refuses what must not be at one name.
func check(key string, sets []*RRset) error {
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
func (d *draft) tell(before bool, s *sketch) {
	after := s.present()
	if s.key == "" || before == after {
		return
	}
	parent := d.sketch([]byte(s.Owner[s.Owner[0]+1:]))
	was := parent.present()
	if after {
		parent.children++
	} else {
		parent.children--
	}
	d.tell(was, parent)
}

// settle returns the node that a name becomes.
func (d *draft) settle(next *Contents, s *sketch) *Node {
	n := s.Node
	star := strings.HasPrefix(s.key, "\x01*")
	n.cut = s.key != "" && !star && n.Get(dns.TypeNS) != nil
	if star && d.base.Node([]byte(s.key)) != nil {
		next.wildcards--
	}
	if star && n.present() {
		next.wildcards++
	}
	return &n
}

// check refuses contents without what every zone has, and notes what answers
// need of the SOA.
func (c *Contents) check() error {
	soa := c.apex.Get(dns.TypeSOA)
	if soa == nil {
		return errors.New("the zone has no SOA record")
	}
	c.Negative = negativeSOA(soa)
	c.serial = serialOf(soa)
	return nil
}
