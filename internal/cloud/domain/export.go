package domain

import (
	"context"
	"fmt"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Export returns the domain's zone file.
func (d Domain) Export(ctx context.Context, q store.Querier) (string, error) {
	records, err := Records(ctx, q, d.ID)
	return d.ZoneFile(records), err
}

// exported shows a domain with its zone file as it is now.
func (d Domain) exported(ctx context.Context, q store.Querier) (View, error) {
	text, err := d.Export(ctx, q)
	return d.View(text), err
}

// maxListed is how many bytes the zone files of a list have together at the
// most: they could have gigabytes.
const maxListed = 16 << 20

// exportAll returns the zone files of domains by their ids. All records are
// read at once, because a query for each domain would cost more than its
// records do. Where the files get larger than most bytes together, those that
// are left are missing.
func exportAll(ctx context.Context, q store.Querier, domains []Domain, most int) (map[int64]string, error) {
	byID := make(map[int64]Domain, len(domains))
	ids, places := make([]any, len(domains)), make([]string, len(domains))
	for i, d := range domains {
		byID[d.ID], ids[i], places[i] = d, d.ID, fmt.Sprintf("$%d", i+1)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := q.Query(ctx, `SELECT `+recordColumns+` FROM domain_records
		WHERE domain_id IN (`+strings.Join(places, ", ")+`) ORDER BY domain_id, id`, ids...)
	if err != nil {
		return nil, fmt.Errorf("read the records of a list: %w", err)
	}
	defer rows.Close()
	files := make(map[int64]string, len(domains))
	var d Domain
	var file strings.Builder
	for rows.Next() {
		r, err := scanRecord(rows)
		if err != nil {
			return nil, err
		}
		if r.DomainID != d.ID {
			if most -= file.Len(); d.ID != 0 {
				files[d.ID] = file.String()
			}
			d = byID[r.DomainID]
			file.Reset()
			d.writeHead(&file)
		}
		if d.writeRecord(&file, r); file.Len() > most {
			return files, nil
		}
	}
	if d.ID != 0 {
		files[d.ID] = file.String()
	}
	return files, rows.Err()
}
