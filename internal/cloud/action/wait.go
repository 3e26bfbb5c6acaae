package action

import (
	"context"
	"errors"
	"time"
)

// Wait returns the account's action once it has ended. If ctx ends first it
// returns the action as it was before, and ctx's error.
func (s *Service) Wait(ctx context.Context, accountID, id int64) (Action, error) {
	ended, stop := s.sagas.Watch(id)
	defer stop()
	// A read that has begun is finished although ctx ends.
	read := context.WithoutCancel(ctx)
	a, err := Get(read, s.db, accountID, id)
	if err != nil || a.Status != InProgress {
		return a, err
	}
	select {
	case <-ended:
		return Get(read, s.db, accountID, id)
	case <-ctx.Done():
		return a, ctx.Err()
	}
}

// WaitAll returns when the actions have ended; ctx's error if that ends first.
func (s *Service) WaitAll(ctx context.Context, actions ...Action) error {
	for _, a := range actions {
		if _, err := s.Wait(ctx, a.AccountID, a.ID); err != nil {
			return err
		}
	}
	return nil
}

// Poll returns the account's action like Get, but waits for its end while it is younger
// than LongPoll, and at least for patience. Clients read an action right after they
// begin it, and if it has not ended, sleep for seconds before they read it again.
func (s *Service) Poll(ctx context.Context, accountID, id int64, patience time.Duration) (Action, error) {
	a, err := Get(ctx, s.db, accountID, id)
	// If the clock was set back, the action may start in the future.
	left := max(min(s.LongPoll-s.db.Now().Sub(a.StartedAt), s.LongPoll), patience)
	if err != nil || a.Status != InProgress || left <= 0 {
		return a, err
	}
	waiting, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	a, err = s.Wait(waiting, accountID, id)
	if waiting.Err() != nil && errors.Is(err, waiting.Err()) { // also if the client has disconnected
		return a, nil
	}
	return a, err
}
