package domain

import (
	"context"

	"github.com/rockpool-cloud/rockpool/internal/store"
)

// Export returns the domain's zone file.
func (s *Service) Export(ctx context.Context, q store.Querier, d Domain) (string, error) {
	records, err := Records(ctx, q, d.ID)
	return d.ZoneFile(records), err
}
