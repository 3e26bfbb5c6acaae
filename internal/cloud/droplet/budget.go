package droplet

import (
	"context"
	"fmt"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Budget is what all droplets together may have; 0 is no bound.
type Budget struct {
	MemoryMB int
	DiskGB   int
}

// Claims is what droplets have: all that there are, also those that are off,
// because power_on must not fail for want of room, and those that are being
// destroyed, because their machines may still be there.
type Claims struct {
	MemoryMB int
	DiskGB   int
}

// Claimed returns what all droplets of the cloud have, or will have when they are
// resized.
func Claimed(ctx context.Context, q store.Querier) (c Claims, err error) {
	err = q.QueryRow(ctx, `SELECT
		CAST(coalesce(sum(CASE WHEN reserved_memory_mb > memory_mb THEN reserved_memory_mb ELSE memory_mb END), 0) AS BIGINT),
		CAST(coalesce(sum(CASE WHEN reserved_disk_gb > disk_gb THEN reserved_disk_gb ELSE disk_gb END), 0) AS BIGINT) FROM droplets`).
		Scan(&c.MemoryMB, &c.DiskGB)
	return c, err
}

// Free is what is left of the budget, of a dimension that has a bound.
func (b Budget) Free(have Claims) Claims {
	return Claims{MemoryMB: max(0, b.MemoryMB-have.MemoryMB), DiskGB: max(0, b.DiskGB-have.DiskGB)}
}

// budget is what all droplets together may have now. Finding out may ask the
// engine, so it is for outside a transaction.
func (s *Service) budget() Budget {
	if s.Budget == nil {
		return Budget{}
	}
	return s.Budget()
}

// shortage says why the cloud has no room for more in tx; empty if it has. In
// tx, because what is claimed by one create must be seen by the next.
func (b Budget) shortage(ctx context.Context, tx *store.Tx, more Claims) (string, error) {
	if b == (Budget{}) {
		return "", nil
	}
	have, err := Claimed(ctx, tx)
	if err != nil {
		return "", err
	}
	free := b.Free(have)
	var short []string
	if b.MemoryMB > 0 && more.MemoryMB > free.MemoryMB {
		short = append(short, fmt.Sprintf("%d MB of memory are wanted, %d MB of %d MB are free", more.MemoryMB, free.MemoryMB, b.MemoryMB))
	}
	if b.DiskGB > 0 && more.DiskGB > free.DiskGB {
		short = append(short, fmt.Sprintf("%d GB of disk are wanted, %d GB of %d GB are free", more.DiskGB, free.DiskGB, b.DiskGB))
	}
	return strings.Join(short, "; "), nil
}

// addressesLeft is how many droplets can still get an address. One that has an
// address of another range, which the cloud had before, takes none.
func (s *Service) addressesLeft(ctx context.Context, tx *store.Tx) (int64, error) {
	var droplets int64
	err := tx.QueryRow(ctx, `SELECT (SELECT coalesce(sum(total), 0) FROM totals WHERE list = 'droplets')
		+ (SELECT count(*) FROM droplets WHERE deleted_at IS NOT NULL)`).Scan(&droplets)
	if err != nil || droplets+maxNames <= s.Pool.Size() { // as always; the other question takes longer
		return s.Pool.Size() - droplets, err
	}
	outside, err := s.Pool.Outside(ctx, tx)
	return s.Pool.Size() - droplets + outside, err
}
