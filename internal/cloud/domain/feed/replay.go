package feed

import (
	"context"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonefile"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

// replay publishes the entry after the last one that was replayed. A domain that is
// served with the entry's serial or a later one is up to date: the serials of a
// name only grow.
func (f *Feed) replay(ctx context.Context, e Entry) error {
	serial, served := f.served[e.Name+"."]
	var err error
	switch {
	case f.Publisher == nil, served && !zone.Later(e.Serial, serial):
	case e.Kind == Changed && served && e.From == serial && f.change(e):
	default:
		err = f.reload(ctx, e)
	}
	if err == nil {
		err = f.publishCatalog(e.catalog)
	}
	if err == nil {
		f.seq = e.seq
	}
	return err
}

// publishCatalog publishes the version of the catalog with that serial.
func (f *Feed) publishCatalog(serial uint32) error {
	if f.Publisher == nil || serial == f.catalog {
		return nil
	}
	if err := f.Publisher.Catalog(serial); err != nil {
		return err
	}
	f.catalog = serial
	return nil
}

// change publishes the difference in an entry. It reports whether the publisher
// accepted it.
func (f *Feed) change(e Entry) bool {
	if err := f.Publisher.Apply(e.Change); err != nil {
		f.Log.Warn("the name server rejects a change; it gets the whole domain", "domain", e.Name, "serial", e.Serial, "error", err)
		return false
	}
	f.setServed(e.Change.Origin, e.Serial)
	return true
}

// reload publishes a domain as it is stored now. If that is the version of a later
// entry and the domain is served already, reload leaves it to that entry: a domain
// below may have changed between the two, and has to be published before secondaries
// copy this one with the later serial.
func (f *Feed) reload(ctx context.Context, e Entry) error {
	d, ok, err := zonedb.GetServed(ctx, f.DB, e.Name)
	if err != nil {
		return err
	}
	if !ok {
		f.remove(e.Name + ".")
		return nil
	}
	if _, served := f.served[d.Origin()]; served && zone.Later(d.Serial, e.Serial) {
		f.ahead = true
		return nil
	}
	return f.put(ctx, d)
}

func (f *Feed) remove(origin string) {
	f.Publisher.Remove(origin)
	delete(f.served, origin)
	delete(f.signers, origin)
}

// put publishes a whole domain. If the publisher rejects it, the version that is
// served stays, and the rejected zone file and the reason are stored.
func (f *Feed) put(ctx context.Context, d zonedb.Served) error {
	z := zone.Zone{Origin: d.Origin()}
	all, err := d.RRs(d.Records)
	if err == nil {
		z.Records = all
		err = f.sign(&z, d)
	}
	if err == nil {
		err = f.Publisher.Put(z)
	}
	if err != nil {
		f.Log.Error("the name server rejects a domain", "domain", d.Name, "serial", d.Serial, "error", err)
		return f.setRejected(ctx, d.Name, zonefile.Write(d.Zone, d.Records), err.Error())
	}
	f.setServed(d.Origin(), d.Serial)
	if d.Rejected {
		return f.setRejected(ctx, d.Name, "", "")
	}
	return nil
}

func (f *Feed) setRejected(ctx context.Context, name, file, reason string) error {
	return f.DB.Write(ctx, func(tx *store.Tx) error { return zonedb.SetRejected(ctx, tx, name, file, reason) })
}
