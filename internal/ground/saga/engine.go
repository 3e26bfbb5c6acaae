package saga

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/periodic"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// leaseTime is how long a saga stays its owner's without a heartbeat, and so how
// long after a node's death another one takes over.
const leaseTime = 30 * time.Second

// Engine runs sagas, each in a goroutine of its own. Sagas that have a lock in
// common run one after another.
type Engine struct {
	Hooks Hooks // set before Start

	db          *store.DB
	owner       string
	log         *slog.Logger
	definitions map[string]Definition
	repeats     int // how often each step and undo is called

	mu       sync.Mutex
	ctx      context.Context // nil until Start, and after Close
	stop     context.CancelFunc
	running  map[int64]*running
	last     map[Lock]chan struct{} // closed when the latest run with the lock has returned
	watchers map[int64]*watchers    // by saga
	wg       sync.WaitGroup
}

// running is the latest run of a saga in this process.
type running struct {
	epoch  int64
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when the run has returned
}

// watchers are those who wait for the end of one saga.
type watchers struct {
	count int
	ended chan struct{} // closed at the end
}

// errEnded is the cause of a run's cancellation when somebody else has ended its
// saga.
var errEnded = errors.New("the saga was ended from outside")

// NewEngine returns an engine for the sagas of db. owner names this node among
// those that work on one database; it must be the same after a restart.
func NewEngine(db *store.DB, owner string, log *slog.Logger) *Engine {
	return &Engine{
		db: db, owner: owner, log: log, repeats: 1,
		definitions: map[string]Definition{},
		running:     map[int64]*running{},
		last:        map[Lock]chan struct{}{},
		watchers:    map[int64]*watchers{},
	}
}

// RepeatSteps has each step and each undo called so many times in a row. It is
// for tests of what every step promises: a second call changes nothing.
func (e *Engine) RepeatSteps(times int) { e.repeats = times }

// Define adds kinds of sagas. All are added before Start.
func (e *Engine) Define(definitions ...Definition) {
	for _, d := range definitions {
		if _, twice := e.definitions[d.Kind]; twice {
			panic(fmt.Sprintf("saga %s is defined twice", d.Kind))
		}
		e.definitions[d.Kind] = d
	}
}

// Start goes on with every unfinished saga of this node, and takes over those of
// nodes that are gone, until Close.
func (e *Engine) Start(ctx context.Context) error {
	e.mu.Lock()
	e.ctx, e.stop = context.WithCancel(context.WithoutCancel(ctx))
	working := e.ctx
	e.mu.Unlock()
	if err := e.renewLeases(working); err != nil {
		e.Close()
		return fmt.Errorf("recover unfinished operations: %w", err)
	}
	e.wg.Go(func() {
		periodic.Run(working, leaseTime/3, e.log, "renew the leases of unfinished operations", e.renewLeases)
	})
	return nil
}

// Close stops working and returns when all runs have. Unfinished sagas stay
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

// renewLeases renews the leases of what this node runs, and takes over what
// nobody runs any more: the same statement does both. Where there is
// nothing it does not write: on a full disk each write may cost a part of the
// reserve.
func (e *Engine) renewLeases(ctx context.Context) error {
	if found, err := anyUnfinished(ctx, e.db); err != nil || !found {
		return err
	}
	var leased []row
	err := e.db.Write(ctx, func(tx *store.Tx) (err error) {
		if leased, err = lease(ctx, tx, e.owner, tx.Now().Add(leaseTime)); err != nil {
			return err
		}
		leased = slices.DeleteFunc(leased, e.runs)
		for i := range leased {
			if leased[i].locks, err = locksOf(ctx, tx, leased[i].id); err != nil {
				return err
			}
		}
		return nil
	})
	for _, s := range leased {
		e.run(s)
	}
	return err
}

// runs reports whether the saga runs here in its present epoch.
func (e *Engine) runs(s row) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	run := e.running[s.id]
	return run != nil && run.epoch == s.epoch
}

// run starts the saga unless it runs already. It waits for earlier runs that had
// one of its locks: one may still be in a step although its saga was cancelled.
// It ends and waits for a run of an earlier epoch: another node has had the saga
// since.
func (e *Engine) run(s row) {
	e.mu.Lock()
	defer e.mu.Unlock()
	earlier := e.running[s.id]
	if e.ctx == nil || earlier != nil && earlier.epoch == s.epoch {
		return
	}
	ctx, cancel := context.WithCancelCause(e.ctx)
	this := &running{epoch: s.epoch, cancel: cancel, done: make(chan struct{})}
	var before []chan struct{}
	if earlier != nil {
		earlier.cancel(errLost)
		before = append(before, earlier.done)
	}
	e.running[s.id] = this
	for _, lock := range s.locks {
		if last := e.last[lock]; last != nil {
			before = append(before, last)
		}
		e.last[lock] = this.done
	}
	e.wg.Go(func() {
		for _, done := range before {
			<-done
		}
		e.execute(ctx, s)
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.running[s.id] == this {
			delete(e.running, s.id)
		}
		for _, lock := range s.locks {
			if e.last[lock] == this.done {
				delete(e.last, lock)
			}
		}
		close(this.done)
		cancel(nil)
	})
}

// ended is called after the commit that has ended the saga: whoever runs it is
// stopped, whoever waits for it is woken.
func (e *Engine) ended(id int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if run := e.running[id]; run != nil {
		run.cancel(errEnded)
	}
	if w := e.watchers[id]; w != nil {
		close(w.ended)
		delete(e.watchers, id)
	}
}

// Watch returns a channel that is closed when this process ends the saga. Whoever
// waits reads the saga's state after Watch: what has ended before closes nothing.
// stop gives the channel up.
func (e *Engine) Watch(id int64) (ended <-chan struct{}, stop func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w := e.watchers[id]
	if w == nil {
		w = &watchers{ended: make(chan struct{})}
		e.watchers[id] = w
	}
	w.count++
	return w.ended, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if w.count--; w.count == 0 && e.watchers[id] == w {
			delete(e.watchers, id)
		}
	}
}
