package droplet

import (
	"context"
	"fmt"
	"slices"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// Recover reconciles droplets with their machines after a restart, in one
// transaction: machines may have stopped meanwhile. A droplet that should run gets a
// power_on if its host has been restarted. Recover is called after the engine's own
// recovery and before actions run. If the disk is full, Recover succeeds and leaves
// the rest to Watch, so that reads are served.
func (s *Service) Recover(ctx context.Context) error {
	s.reconciling.Lock()
	defer s.reconciling.Unlock()
	if hosted, ok := s.Engine.(compute.Hosted); ok {
		life, err := hosted.HostLife()
		if err != nil {
			return err
		}
		s.hostLife = life
	}
	err := s.reconcile(ctx)
	if store.IsFull(err) {
		s.Log.Warn("the disk is full; statuses of droplets are recorded when it has room", "error", err)
		return nil
	}
	return err
}

// ensureMachineIDsReserved calls reserveMachineIDs if it has not succeeded yet. On a
// full disk, it fails in Recover.
func (s *Service) ensureMachineIDsReserved(ctx context.Context) error {
	if s.idsReserved.Load() {
		return nil
	}
	s.reconciling.Lock()
	defer s.reconciling.Unlock()
	return s.reserveMachineIDs(ctx)
}

// reserveMachineIDs raises the sequence of droplets' ids above the ids of all existing
// machines, once. Otherwise a new droplet could get a machine that exists already.
func (s *Service) reserveMachineIDs(ctx context.Context) (err error) {
	if s.idsReserved.Load() {
		return nil
	}
	defer func() { s.idsReserved.Store(err == nil) }()
	machines, err := s.Engine.List(ctx)
	if err != nil || len(machines) == 0 {
		return err
	}
	known, err := allIDs(ctx, s.DB)
	if err != nil {
		return fmt.Errorf("list droplets: %w", err)
	}
	stray := false
	for _, id := range machines {
		if !known[id] {
			// The database may have been restored from an older backup. Removing the
			// machine would lose its disk.
			s.Log.Warn("a machine has no droplet and is not touched", "machine", id)
			stray = true
		}
	}
	if !stray {
		return nil
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error { return tx.RaiseSequence(ctx, "droplets", slices.Max(machines)) })
}
