package enginetest

import (
	"errors"
	"fmt"
	"sync"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// testTogether lives the lives of two machines at the same time.
func testTogether(h *harness) {
	ids := []int64{25, 26}
	errs := make([]error, len(ids))
	var living sync.WaitGroup
	for i, id := range ids {
		living.Go(func() { errs[i] = h.liveAlone(id) })
	}
	living.Wait()
	h.must("live together", errors.Join(errs...))
	h.wantList()
	h.wantQuiet()
}

func (h *harness) liveAlone(id int64) error {
	for _, call := range h.life(id) {
		if err := call.do(h.ctx); err != nil {
			return fmt.Errorf("%s: %w", call.name, err)
		}
		if state, err := h.engine.State(h.ctx, id); err != nil || state != call.leaves {
			return fmt.Errorf("after %s machine %d is %s (%w), want %s", call.name, id, state, err, call.leaves)
		}
	}
	return nil
}

// testFaultsInRecover fails, and crashes, at every fault point of Recover. Neither the
// running nor the stopped machine is affected.
func testFaultsInRecover(h *harness) {
	const running, stopped = 27, 28
	h.start(running)
	h.must("create", h.engine.Create(h.ctx, h.spec(stopped)))
	points, err := h.recoverWithFault(-1, nil)
	h.must("recover", err)
	if points == 0 {
		h.Fatal("Recover passed no fault point")
	}
	for nth := range points {
		if _, err := h.recoverWithFault(nth, fault.ErrCrash); !errors.Is(err, fault.ErrCrash) {
			h.Fatalf("a crash at point %d gives %v", nth, err)
		}
		// The engine decides whether a failure concerns one machine or all.
		_, _ = h.recoverWithFault(nth, errInjected)
		h.nextProcess()
		h.wantList(running, stopped)
		h.wantState(running, compute.Running)
		h.wantState(stopped, compute.Stopped)
		h.must("reset", h.engine.Reset(h.ctx, running))
	}
	h.must("stop", h.engine.Stop(h.ctx, running))
	h.wantQuiet()
}

// recoverWithFault opens the next engine and calls its Recover, in which the nth fault
// point returns an error. It returns how many points were passed.
func (h *harness) recoverWithFault(nth int, injected error) (points int, err error) {
	var mu sync.Mutex // machines may be recovered at the same time
	h.engine = h.reopen()
	err = h.engine.Recover(fault.With(h.ctx, func(string) error {
		mu.Lock()
		defer mu.Unlock()
		points++
		if points-1 == nth {
			return injected
		}
		return nil
	}), h.notify)
	return points, err
}
