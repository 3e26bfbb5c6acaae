// Package action is the API's record of long operations: what a client asked
// for, and how it ended. Package saga runs them; an action has the id of its
// saga, and stays when the saga's own rows are gone.
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
	Params      json.RawMessage // what was asked for besides the type
	StartedAt   time.Time
	CompletedAt *time.Time // set exactly when Status is terminal
	Reason      string     // why it errored
	Progress    string     // what it is doing, for people
}

// Resource is what an action is done to.
type Resource struct {
	Type string // "droplet"
	ID   string // a number or a UUID, as text
}

// Lock is what an unfinished action has for itself of its resource.
func (r Resource) Lock() saga.Lock { return saga.Lock{Kind: r.Type, Key: r.ID} }

// Kind is one type of action of one type of resource.
type Kind struct {
	ResourceType string
	Type         string
	Draft        *DraftForm // how the API's early draft showed it; nil if it had none

	saga.Definition // all but its Kind, which Define sets
}

// New is what an action begins with.
type New struct {
	AccountID int64
	Type      string
	Resource  Resource
	Region    string
	Params    any         // written as JSON, for saga.Run.Params
	Locks     []saga.Lock // held besides the resource's own
}

// Service opens actions and tells how they are.
type Service struct {
	// LongPoll is how old an action may grow while Poll waits for its end.
	LongPoll time.Duration

	db      *store.DB
	sagas   *saga.Engine
	regions *region.Catalog
	drafts  map[kind]DraftForm
}

type kind struct{ resourceType, actionType string }

// NewService returns the actions of db. owner names this node, as
// saga.NewEngine has it.
func NewService(db *store.DB, regions *region.Catalog, owner string, log *slog.Logger) *Service {
	s := &Service{db: db, sagas: saga.NewEngine(db, owner, log), regions: regions, drafts: map[kind]DraftForm{}}
	s.sagas.Hooks = saga.Hooks{Ended: s.end, Progress: setProgress}
	return s
}

// Define adds kinds of actions. All are added before Start.
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

// Sagas runs the actions.
func (s *Service) Sagas() *saga.Engine { return s.sagas }

// Start goes on with the unfinished actions of this node, and with those of
// nodes that are gone, until Close.
func (s *Service) Start(ctx context.Context) error { return s.sagas.Start(ctx) }

// Close stops working; unfinished actions are left for the next Start.
func (s *Service) Close() { s.sagas.Close() }

// Open writes a new action in tx and has it run after the commit. ErrPending if
// the resource, or what the action locks besides, has an unfinished one.
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

// Cancel ends the resource's unfinished action, if there is one, as errored for
// that reason. Its steps are not undone: whoever cancels takes over the resource
// with an action of its own, which starts when the running step of the cancelled
// one has returned.
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
