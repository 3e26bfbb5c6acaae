package action

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// leaseTime is how long an action stays its owner's without a heartbeat, and
// so how long after a node's death another one takes over.
const leaseTime = 30 * time.Second

// Engine runs actions, each in a goroutine of its own, one at a time for each
// resource.
type Engine struct {
	db          *store.DB
	owner       string
	log         *slog.Logger
	definitions map[kind]Definition

	// Hold is how old an action may grow while Held waits for its end.
	Hold time.Duration

	mu      sync.Mutex
	ctx     context.Context // nil until Start, and after Close
	stop    context.CancelFunc
	running map[int64]context.CancelCauseFunc
	last    map[target]chan struct{} // closed when the resource's latest run has returned
	waiting map[int64]*waiters       // by action
	wg      sync.WaitGroup
}

// waiters are those who wait for one action.
type waiters struct {
	count int
	done  chan struct{} // closed when the action has ended
}

type kind struct{ resourceType, actionType string }

type target struct {
	resourceType string
	resourceID   int64
}

// errEnded is the cause of a run's cancellation when its action was ended by
// somebody else.
var errEnded = errors.New("the action was ended from outside")

// NewEngine returns an engine for the actions of db. owner names this node
// among those that work on one database; it must be the same after a restart.
func NewEngine(db *store.DB, owner string, log *slog.Logger) *Engine {
	return &Engine{
		db: db, owner: owner, log: log,
		definitions: map[kind]Definition{},
		running:     map[int64]context.CancelCauseFunc{},
		last:        map[target]chan struct{}{},
		waiting:     map[int64]*waiters{},
	}
}

// Define adds a type of action. All are added before Start.
func (e *Engine) Define(definitions ...Definition) {
	for _, d := range definitions {
		key := kind{d.ResourceType, d.Type}
		if _, twice := e.definitions[key]; twice {
			panic(fmt.Sprintf("action %s of %s is defined twice", d.Type, d.ResourceType))
		}
		e.definitions[key] = d
	}
}

// Start goes on with every unfinished action of this node, and takes over
// those of nodes that are gone, until Close.
func (e *Engine) Start(ctx context.Context) error {
	e.mu.Lock()
	e.ctx, e.stop = context.WithCancel(context.WithoutCancel(ctx))
	running := e.ctx
	e.mu.Unlock()
	if err := e.claim(running); err != nil {
		e.Close()
		return fmt.Errorf("recover actions: %w", err)
	}
	e.wg.Go(func() { e.heartbeat(running) })
	return nil
}

// Close stops working and returns when all runs have. Unfinished actions stay
// unfinished, for the next Start.
func (e *Engine) Close() {
	e.mu.Lock()
	if e.ctx != nil {
		e.stop()
		e.ctx = nil
	}
	e.mu.Unlock()
	e.wg.Wait()
}

// heartbeat renews the leases of what runs here and takes over what nobody
// runs any more: the same claim does both.
func (e *Engine) heartbeat(ctx context.Context) {
	tick := time.NewTicker(leaseTime / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := e.claim(ctx); err != nil {
				e.log.Error("renew leases of actions", "error", err)
			}
		}
	}
}

// claim takes the leases of what this node works on, or takes over. Where there
// is nothing it does not write: on a full disk each write may cost a part of the
// reserve.
func (e *Engine) claim(ctx context.Context) error {
	if found, err := anyUnfinished(ctx, e.db); err != nil || !found {
		return err
	}
	var claimed []Action
	err := e.db.Write(ctx, func(tx *store.Tx) (err error) {
		claimed, err = claim(ctx, tx, e.owner, tx.Now().Add(leaseTime))
		return err
	})
	for _, a := range claimed {
		e.run(a)
	}
	return err
}

// run starts the action unless it runs already. It waits for an earlier run of
// the same resource, which may still be in a step although its action was
// cancelled.
func (e *Engine) run(a Action) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ctx == nil || e.running[a.ID] != nil {
		return
	}
	ctx, cancel := context.WithCancelCause(e.ctx)
	key := target{a.ResourceType, a.ResourceID}
	before, done := e.last[key], make(chan struct{})
	e.running[a.ID], e.last[key] = cancel, done
	e.wg.Go(func() {
		if before != nil {
			<-before
		}
		e.execute(ctx, a)
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.running, a.ID)
		if e.last[key] == done {
			delete(e.last, key)
		}
		close(done)
		cancel(nil)
	})
}

// ended is called when the action has become terminal: whoever runs it is
// stopped, whoever waits for it is woken.
func (e *Engine) ended(id int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if cancel := e.running[id]; cancel != nil {
		cancel(errEnded)
	}
	if w := e.waiting[id]; w != nil {
		close(w.done)
		delete(e.waiting, id)
	}
}

// Wait returns the account's action once it has ended. If ctx ends first it
// returns the action as it was before, and ctx's error.
func (e *Engine) Wait(ctx context.Context, accountID, id int64) (Action, error) {
	done, leave := e.join(id)
	defer leave()
	// What is read is the answer, also when ctx ends while it is.
	read := context.WithoutCancel(ctx)
	a, err := Get(read, e.db, accountID, id)
	if err != nil || a.Status != InProgress {
		return a, err
	}
	select {
	case <-done:
		return Get(read, e.db, accountID, id)
	case <-ctx.Done():
		return a, ctx.Err()
	}
}

// AwaitEnd waits until the action has ended; ctx's error if that ends first.
func (e *Engine) AwaitEnd(ctx context.Context, a Action) error {
	_, err := e.Wait(ctx, a.AccountID, a.ID)
	return err
}

// join adds one to those who wait for an action.
func (e *Engine) join(id int64) (done chan struct{}, leave func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w := e.waiting[id]
	if w == nil {
		w = &waiters{done: make(chan struct{})}
		e.waiting[id] = w
	}
	w.count++
	return w.done, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if w.count--; w.count == 0 && e.waiting[id] == w {
			delete(e.waiting, id)
		}
	}
}

// Held returns the account's action as Get does, but waits for the end of one
// that is younger than Hold, and in any case for as long as the client would.
// Clients that have just begun an action ask for it at once, and when it is
// not done sleep for seconds before they ask again.
func (e *Engine) Held(ctx context.Context, accountID, id int64, patience time.Duration) (Action, error) {
	a, err := Get(ctx, e.db, accountID, id)
	// Where the clock has been set back, the action is from the future.
	left := max(min(e.Hold-e.db.Now().Sub(a.StartedAt), e.Hold), patience)
	if err != nil || a.Status != InProgress || left <= 0 {
		return a, err
	}
	held, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	a, err = e.Wait(held, accountID, id)
	if held.Err() != nil && errors.Is(err, held.Err()) { // also if the client seems to have gone
		return a, nil
	}
	return a, err
}
