package domain

import (
	"cmp"
	"context"
	"maps"
	"reflect"
	"slices"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// edit is a change of one domain in memory. It loads the names that it needs and
// writes nothing, so a dry run can use it too.
type edit struct {
	q      store.Querier
	domain zonedb.Domain // before the edit
	ttl    int           // after the edit, in seconds
	floor  uint32        // the new serial must be later than this one
	isNew  bool          // the domain is being created
	whole  bool          // all names are loaded

	names   map[string][]*record.Record      // after the edit, by key, of the loaded names
	byID    map[int64]*record.Record         // of the stored records
	old     map[*record.Record]record.Record // the stored state of changed records
	changed []*record.Record                 // the keys of old, in the order of the changes
	made    []*record.Record                 // created by the edit
	removed []record.Record

	ttls      map[rrsetKey]int    // written by the edit; shareTTLs applies them
	summaries map[string]*summary // by key
}

func newEdit(q store.Querier, d zonedb.Domain) *edit {
	return &edit{q: q, domain: d, ttl: d.TTL,
		names: map[string][]*record.Record{}, byID: map[int64]*record.Record{}, old: map[*record.Record]record.Record{},
		ttls: map[rrsetKey]int{}, summaries: map[string]*summary{}}
}

// load adds stored records.
func (e *edit) load(records []record.Record) {
	for _, r := range records {
		e.names[r.Key()] = append(e.names[r.Key()], &r)
		e.byID[r.ID] = &r
	}
}

// loadAll loads the whole domain.
func (e *edit) loadAll(ctx context.Context) error {
	records, err := zonedb.Records(ctx, e.q, e.domain.ID)
	e.load(records)
	e.whole = true
	return err
}

// all returns the records in the order of their ids; loadAll must have loaded them.
func (e *edit) all() []*record.Record {
	return slices.SortedFunc(maps.Values(e.byID), func(a, b *record.Record) int { return cmp.Compare(a.ID, b.ID) })
}

// has reports whether a name is loaded or certainly has no stored records.
func (e *edit) has(key string) bool {
	_, ok := e.names[key]
	return ok || e.whole || e.isNew
}

// at returns the records that would be at a name.
func (e *edit) at(ctx context.Context, key string) ([]*record.Record, error) {
	if e.has(key) {
		return e.names[key], nil
	}
	records, err := zonedb.RecordsAt(ctx, e.q, e.domain.ID, key)
	if err != nil {
		return nil, err
	}
	e.names[key] = []*record.Record{}
	e.load(records)
	return e.names[key], nil
}

// find returns the record with that id. It returns apierr.NotFound if there is none
// or the edit has removed it.
func (e *edit) find(ctx context.Context, id int64) (*record.Record, error) {
	if r := e.byID[id]; r != nil {
		return r, nil
	}
	records, err := zonedb.RecordsBeside(ctx, e.q, e.domain.ID, id)
	if err != nil {
		return nil, err
	}
	if len(records) > 0 && !e.has(records[0].Key()) {
		e.load(records)
	}
	if found := e.byID[id]; found != nil {
		return found, nil
	}
	return nil, apierr.NotFound()
}

// create adds a record.
func (e *edit) create(ctx context.Context, r record.Record) (*record.Record, error) {
	if _, err := e.at(ctx, r.Key()); err != nil {
		return nil, err
	}
	e.names[r.Key()] = append(e.names[r.Key()], &r)
	e.made = append(e.made, &r)
	e.ttls[rrsetKey{r.Key(), r.Type}] = r.TTL
	return &r, nil
}

// replace changes a record; its id, domain and droplet stay.
func (e *edit) replace(ctx context.Context, r *record.Record, with record.Record) error {
	with.ID, with.DomainID, with.DropletID = r.ID, r.DomainID, r.DropletID
	e.touch(r)
	if r.Key() != with.Key() {
		if _, err := e.at(ctx, with.Key()); err != nil {
			return err
		}
		e.takeOut(r)
		e.names[with.Key()] = append(e.names[with.Key()], r)
	}
	*r = with
	if r.Type == record.TypeSOA {
		e.ttl = r.TTL
	}
	e.ttls[rrsetKey{r.Key(), r.Type}] = r.TTL
	return nil
}

// remove removes a stored record.
func (e *edit) remove(r *record.Record) {
	e.takeOut(r)
	delete(e.byID, r.ID)
	was, changed := e.old[r]
	if !changed {
		was = *r
	}
	delete(e.old, r)
	e.removed = append(e.removed, was)
}

func (e *edit) takeOut(r *record.Record) {
	e.names[r.Key()] = slices.DeleteFunc(e.names[r.Key()], func(other *record.Record) bool { return other == r })
}

// touch remembers the stored state of a record before its first change.
func (e *edit) touch(r *record.Record) {
	if _, ok := e.old[r]; !ok && r.ID > 0 {
		e.old[r] = *r
		e.changed = append(e.changed, r)
	}
}

// rrsetKey is a name and a type.
type rrsetKey struct{ name, kind string }

// withTTL returns a record with the TTL that its RRset will have.
func (e *edit) withTTL(r record.Record) record.Record {
	if ttl, ok := e.ttls[rrsetKey{r.Key(), r.Type}]; ok {
		r.TTL = ttl
	}
	return r
}

// shareTTLs gives all records of an RRset the TTL that was written last, because an
// RRset has one TTL (RFC 2181, section 5.2).
func (e *edit) shareTTLs(ctx context.Context) error {
	names := map[string]bool{}
	for set := range e.ttls {
		names[set.name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		records, err := e.at(ctx, name)
		if err != nil {
			return err
		}
		for _, r := range records {
			if ttl := e.withTTL(*r).TTL; ttl != r.TTL {
				e.touch(r)
				r.TTL = ttl
			}
		}
	}
	clear(e.ttls)
	return nil
}

// setTTL sets the domain's TTL, which is that of its SOA record.
func (e *edit) setTTL(ctx context.Context, ttl int) error {
	records, err := e.at(ctx, record.Apex)
	for _, r := range records {
		if r.Type == record.TypeSOA {
			e.touch(r)
			r.TTL, e.ttl = ttl, ttl
		}
	}
	return err
}

// difference returns the records that the edit removes and adds; a changed record is
// in both, with its old and its new state.
func (e *edit) difference() (removed, added []record.Record) {
	removed = slices.Clone(e.removed)
	for _, r := range e.changed {
		if was, ok := e.old[r]; ok && !reflect.DeepEqual(was, *r) {
			removed, added = append(removed, was), append(added, *r)
		}
	}
	for _, r := range e.made {
		added = append(added, *r)
	}
	return removed, added
}
