package domain

import (
	"context"
	"fmt"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonefile"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Export returns a domain's zone file.
func Export(ctx context.Context, q store.Querier, d zonedb.Domain) (string, error) {
	records, err := zonedb.Records(ctx, q, d.ID)
	return zonefile.Write(d.Zone, records), err
}

// exported returns the view of a domain with its zone file.
func exported(ctx context.Context, q store.Querier, d zonedb.Domain) (View, error) {
	text, err := Export(ctx, q, d)
	return view(d, text), err
}

// maxListed is the greatest size of all zone files in a list together, in bytes:
// they could have gigabytes.
const maxListed = 16 << 20

// exportAll returns the zone files of domains by their ids. It omits the last ones
// if the files would have more than limit bytes together.
func exportAll(ctx context.Context, q store.Querier, domains []zonedb.Domain, limit int) (map[int64]string, error) {
	byID, ids := make(map[int64]zonedb.Domain, len(domains)), make([]int64, len(domains))
	for i, d := range domains {
		byID[d.ID], ids[i] = d, d.ID
	}
	files := make(map[int64]string, len(domains))
	var d zonedb.Domain
	var file strings.Builder
	full := false
	err := zonedb.EachRecord(ctx, q, ids, func(r record.Record) bool {
		if r.DomainID != d.ID {
			if limit -= file.Len(); d.ID != 0 {
				files[d.ID] = file.String()
			}
			d = byID[r.DomainID]
			file.Reset()
			zonefile.WriteHead(&file, d.Zone)
		}
		zonefile.WriteRecord(&file, d.Zone, r)
		full = file.Len() > limit
		return !full
	})
	if err != nil {
		return nil, fmt.Errorf("read the records of a list: %w", err)
	}
	if d.ID != 0 && !full {
		files[d.ID] = file.String()
	}
	return files, nil
}
