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

// change builds the next Contents of a zone from the last. Its cost depends on
// the number of names that it changes.
type change struct {
	packer  *packer
	base    *Contents
	names   map[string]*sketch // by name, lower case, without the origin
	records int                // more than in base
}

// sketch is a name that is being changed.
type sketch struct {
	Node
	key   string  // node.owner in lower case
	lists []*list // of the types that are being changed
}

func newChange(base *Contents) *change {
	return &change{packer: newPacker(base.Wire), base: base, names: map[string]*sketch{}}
}

// free ends a change, finished or not.
func (ch *change) free() { ch.packer.free() }

// sketch returns what becomes of a name, which is given as it is spelled.
func (ch *change) sketch(owner []byte) *sketch {
	var buf [256]byte
	key := append(buf[:0], owner...)
	dnsname.Lower(key)
	if s := ch.names[string(key)]; s != nil {
		return s
	}
	s := &sketch{key: string(key)}
	if n := ch.base.Node([]byte(s.key)); n != nil {
		s.Node = *n
	} else if s.Owner = s.key; s.key != string(owner) {
		s.Owner = string(owner)
	}
	ch.names[s.key] = s
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
func (ch *change) add(rr dns.RR) (twice bool, _ error) {
	p, err := ch.packer.pack(rr)
	if err != nil {
		return false, err
	}
	if p.rrtype == dns.TypeSOA && len(p.owner) > 0 {
		return false, fmt.Errorf("%s SOA: is not at the zone's apex", rr.Header().Name)
	}
	l := ch.sketch(p.owner).list(p.rrtype)
	if l.index(p) >= 0 {
		return true, nil
	}
	if err := l.add(p.record); err != nil {
		return false, fmt.Errorf("%s %s: %w", rr.Header().Name, dns.Type(p.rrtype), err)
	}
	ch.records++
	return false, nil
}

// remove removes a record, which has to be there.
func (ch *change) remove(rr dns.RR) error {
	p, err := ch.packer.pack(rr)
	if err != nil {
		return err
	}
	l := ch.sketch(p.owner).list(p.rrtype)
	i := l.index(p)
	if i < 0 {
		return fmt.Errorf("%s %s: the record is not in the zone", rr.Header().Name, dns.Type(p.rrtype))
	}
	l.length -= len(l.records[i].wire)
	l.records = slices.Delete(l.records, i, i+1)
	ch.records--
	return nil
}

// finish returns the contents with the change.
func (ch *change) finish() (*Contents, error) {
	next := *ch.base
	next.records += ch.records
	touched := slices.Collect(maps.Values(ch.names)) // which grow by ancestors
	for _, s := range touched {
		sets := s.join()
		if err := check(s.key, sets); err != nil {
			return nil, fmt.Errorf("%s %w", dnsname.Text(s.Owner+ch.base.Wire), err)
		}
		before := s.present()
		s.sets = sets
		ch.countChild(before, s)
	}
	var fresh []trie.Entry[Node]
	for _, s := range ch.names {
		n := ch.nodeOf(&next, s)
		switch {
		case s.key == "":
			next.apex = n
		case ch.base.names == nil && n.present():
			fresh = append(fresh, trie.NewEntry(s.key, n))
		case n.present():
			next.names = next.names.Put(s.key, n)
		default:
			next.names = next.names.Without(s.key)
		}
	}
	if ch.base.names == nil {
		next.names = trie.New(fresh)
	}
	return &next, next.check()
}

// join returns the RRsets of a name after the change, in the order of their types.
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

// check rejects RRsets that must not be at one name.
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

// countChild corrects the number of children of the name one label above after a
// name has come into being or ceased to exist.
func (ch *change) countChild(before bool, s *sketch) {
	after := s.present()
	if s.key == "" || before == after {
		return
	}
	parent := ch.sketch([]byte(s.Owner[s.Owner[0]+1:]))
	was := parent.present()
	if after {
		parent.children++
	} else {
		parent.children--
	}
	ch.countChild(was, parent)
}

// nodeOf returns the node of a name after the change.
func (ch *change) nodeOf(next *Contents, s *sketch) *Node {
	n := s.Node
	star := strings.HasPrefix(s.key, "\x01*")
	n.cut = s.key != "" && !star && n.Get(dns.TypeNS) != nil
	if star && ch.base.Node([]byte(s.key)) != nil {
		next.wildcards--
	}
	if star && n.present() {
		next.wildcards++
	}
	return &n
}

// check rejects contents without an SOA record, and sets the fields that come
// from it.
func (c *Contents) check() error {
	soa := c.apex.Get(dns.TypeSOA)
	if soa == nil {
		return errors.New("the zone has no SOA record")
	}
	c.Negative = negativeSOA(soa)
	c.serial = serialOf(soa)
	return nil
}
