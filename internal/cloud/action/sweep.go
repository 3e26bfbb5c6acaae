package action

import (
	"context"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/sweep"
)

// StepsKept is how long the journal of an action is kept after its end, when
// nobody but people who look for a fault reads it.
const StepsKept = 6 * time.Hour

// SweepSteps removes the steps of so many actions that have ended.
func SweepSteps(ctx context.Context, tx *store.Tx, limit int) (int64, error) {
	return tx.Exec(ctx, `DELETE FROM action_steps WHERE action_id IN (
		SELECT DISTINCT s.action_id FROM action_steps s JOIN actions a ON a.id = s.action_id
		WHERE a.status <> 'in-progress' AND a.completed_at <= $1 ORDER BY s.action_id LIMIT $2)`,
		store.Micros(tx.Now().Add(-StepsKept)), limit)
}

// Sweep removes actions, a time after their end that is longer than StepsKept.
func Sweep(kept time.Duration) sweep.Rows {
	kept = max(kept, StepsKept)
	return func(ctx context.Context, tx *store.Tx, limit int) (int64, error) {
		return tx.Exec(ctx, `DELETE FROM actions WHERE id IN (
			SELECT id FROM actions WHERE status <> 'in-progress' AND completed_at <= $1
				AND NOT EXISTS (SELECT 1 FROM action_steps WHERE action_id = actions.id)
			ORDER BY completed_at LIMIT $2)`,
			store.Micros(tx.Now().Add(-kept)), limit)
	}
}
