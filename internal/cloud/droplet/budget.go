package droplet

import (
	"context"
	"fmt"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Budget is the memory and disk that all droplets together may have. 0 means no limit.
type Budget struct {
	MemoryMB int
	DiskGB   int
}

// Allocation is the memory and disk that droplets take from the budget. Droplets that are
// off count, because power_on must not fail for want of memory. Droplets that are being
// destroyed count, because their machines may still exist.
type Allocation struct {
	MemoryMB int
	DiskGB   int
}

// Allocated returns the sum over all droplets of the cloud. A droplet that is being
// resized counts with the larger of its two sizes.
func Allocated(ctx context.Context, q store.Querier) (c Allocation, err error) {
	err = q.QueryRow(ctx, `SELECT
		CAST(coalesce(sum(CASE WHEN reserved_memory_mb > memory_mb THEN reserved_memory_mb ELSE memory_mb END), 0) AS BIGINT),
		CAST(coalesce(sum(CASE WHEN reserved_disk_gb > disk_gb THEN reserved_disk_gb ELSE disk_gb END), 0) AS BIGINT) FROM droplets`).
		Scan(&c.MemoryMB, &c.DiskGB)
	return c, err
}

// Free returns what is left of the budget. It is meaningful only for a dimension that
// has a limit.
func (b Budget) Free(have Allocation) Allocation {
	return Allocation{MemoryMB: max(0, b.MemoryMB-have.MemoryMB), DiskGB: max(0, b.DiskGB-have.DiskGB)}
}

// budget returns the present budget. It may ask the engine, so it must not be called
// in a transaction.
func (s *Service) budget() Budget {
	if s.Budget == nil {
		return Budget{}
	}
	return s.Budget()
}

// shortage says why more does not fit into the budget; it is empty if more fits. It
// reads in tx, so that it counts what the transactions before have inserted.
func (b Budget) shortage(ctx context.Context, tx *store.Tx, more Allocation) (string, error) {
	if b == (Budget{}) {
		return "", nil
	}
	have, err := Allocated(ctx, tx)
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

// addressesLeft returns how many droplets can still get an address. Droplets with an
// address of an earlier range do not count.
func (s *Service) addressesLeft(ctx context.Context, tx *store.Tx) (int64, error) {
	var droplets int64
	err := tx.QueryRow(ctx, `SELECT (SELECT coalesce(sum(total), 0) FROM totals WHERE list = 'droplets')
		+ (SELECT count(*) FROM droplets WHERE deleted_at IS NOT NULL)`).Scan(&droplets)
	if err != nil || droplets+maxNames <= s.Pool.Size() { // nearly always; the query below is slow
		return s.Pool.Size() - droplets, err
	}
	outside, err := s.Pool.Outside(ctx, tx)
	return s.Pool.Size() - droplets + outside, err
}
