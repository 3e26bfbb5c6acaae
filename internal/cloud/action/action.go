// Package action has the API's record of long operations: what a client asked for, and
// how it ended. Package saga runs them. An action has the id of its saga, and is kept
// after the saga's rows are removed.
package action

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/region"
	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// The statuses of an action (contract, actions.md).
const (
	InProgress = "in-progress"
	Completed  = "completed"
	Errored    = "errored"
)

// ErrPending means that an unfinished action has locked the resource.
var ErrPending = errors.New("the resource has an unfinished action")

// Action is one long operation on one resource.
type Action struct {
	ID          int64
	AccountID   int64
	Type        string
	Status      string
	Resource    Resource
	Region      string          // slug; may be empty
	Params      json.RawMessage // parameters, besides the type
	StartedAt   time.Time
	CompletedAt *time.Time // set exactly when Status is terminal
	Reason      string     // of the error; empty if there is none
	Progress    string     // what the action is doing, for people
}

// Resource identifies the resource on which an action acts.
type Resource struct {
	Type string // "droplet"
	ID   string // a number or a UUID, as text
}

// Lock returns the lock of the resource, which an unfinished action has.
func (r Resource) Lock() saga.Lock { return saga.Lock{Kind: r.Type, Key: r.ID} }

// Kind is one type of action of one type of resource.
type Kind struct {
	ResourceType string
	Type         string
	Draft        *DraftForm // its form in the API's early draft; nil if it had none

	saga.Definition // without its Kind, which Define sets
}

// New is a new action.
type New struct {
	AccountID int64
	Type      string
	Resource  Resource
	Region    string
	Params    any         // written as JSON, for saga.Run.Params
	Locks     []saga.Lock // besides the resource's own
}

// Service opens actions and reads them.
type Service struct {
	// LongPoll is the age of an action up to which Poll waits for its end.
	LongPoll time.Duration

	db      *store.DB
	sagas   *saga.Engine
	regions *region.Catalog
	drafts  map[kind]DraftForm
}

type kind struct{ resourceType, actionType string }

// NewService returns the actions of db. owner is the name of this node, as for
// saga.NewEngine.
func NewService(db *store.DB, regions *region.Catalog, owner string, log *slog.Logger) *Service {
	s := &Service{db: db, sagas: saga.NewEngine(db, owner, log), regions: regions, drafts: map[kind]DraftForm{}}
	s.sagas.Hooks = saga.Hooks{Ended: s.end, Progress: setProgress}
	return s
}

// Define adds kinds of actions. It must not be called after Start.
func (s *Service) Define(kinds ...Kind) {
	for _, k := range kinds {
		k.Definition.Kind = sagaKind(k.ResourceType, k.Type)
		s.sagas.Define(k.Definition)
		if k.Draft != nil {
			s.drafts[kind{k.ResourceType, k.Type}] = *k.Draft
		}
	}
}

func sagaKind(resourceType, actionType string) string { return resourceType + "/" + actionType }

// Sagas returns the engine that runs the actions.
func (s *Service) Sagas() *saga.Engine { return s.sagas }

// Start continues the unfinished actions of this node, and those of nodes whose leases
// have expired. It runs actions until Close.
func (s *Service) Start(ctx context.Context) error { return s.sagas.Start(ctx) }

// Close stops all actions. The next Start continues the unfinished ones.
func (s *Service) Close() { s.sagas.Close() }

// Open inserts a new action in tx, and runs it after the commit. It returns ErrPending
// if an unfinished action has the resource's lock or another of the new one's.
func (s *Service) Open(ctx context.Context, tx *store.Tx, n New) (Action, error) {
	params, err := json.Marshal(n.Params)
	if err != nil {
		return Action{}, fmt.Errorf("encode parameters of action %s: %w", n.Type, err)
	}
	id, err := s.sagas.Begin(ctx, tx, saga.New{
		Kind: sagaKind(n.Resource.Type, n.Type), Subject: n.Resource.ID, Params: json.RawMessage(params),
		Locks: append([]saga.Lock{n.Resource.Lock()}, n.Locks...),
	})
	if errors.Is(err, saga.ErrLocked) {
		return Action{}, ErrPending
	}
	if err != nil {
		return Action{}, err
	}
	a := Action{
		ID: id, AccountID: n.AccountID, Type: n.Type, Status: InProgress, Resource: n.Resource,
		Region: n.Region, Params: params, StartedAt: tx.Now(),
	}
	return a, insert(ctx, tx, a)
}

// Cancel ends the resource's unfinished action, if there is one, as errored for that
// reason. It does not undo the action's steps: the caller opens another action on the
// resource, which starts when the running step of the cancelled one has returned.
func (s *Service) Cancel(ctx context.Context, tx *store.Tx, r Resource, reason string) error {
	return s.sagas.Cancel(ctx, tx, r.Lock(), reason)
}

func (s *Service) end(ctx context.Context, tx *store.Tx, id int64, end saga.End) error {
	status := Completed
	if end.Failed {
		status = Errored
	}
	return setEnd(ctx, tx, id, status, end.Reason)
}
