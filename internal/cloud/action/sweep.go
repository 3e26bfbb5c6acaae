package action

import (
	"context"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/sweep"
)

// LeastKept is the minimum time for which an action is kept after its end, because
// clients poll it until they see its end.
const LeastKept = 6 * time.Hour

// Sweep removes actions whose end is longer ago than kept, or than LeastKept if that
// is longer.
func Sweep(kept time.Duration) sweep.Rows {
	kept = max(kept, LeastKept)
	return func(ctx context.Context, tx *store.Tx, limit int) (int64, error) {
		return tx.Exec(ctx, `DELETE FROM actions WHERE id IN (
			SELECT id FROM actions WHERE completed_at <= $1 ORDER BY completed_at LIMIT $2)`,
			store.Micros(tx.Now().Add(-kept)), limit)
	}
}
