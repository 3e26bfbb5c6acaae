package droplet

import (
	"context"
	"fmt"
	"slices"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// Recover brings droplets in line with their machines after a restart: a
// machine may have ended while nobody looked. If its host has been restarted
// and it is wanted on, it gets an action that starts it. All is written in one
// transaction. It is called after the engine's own recovery and before actions
// run. On a full disk it is left to Watch: what can be read has to be served.
func (s *Service) Recover(ctx context.Context) error {
	s.looking.Lock()
	defer s.looking.Unlock()
	if hosted, ok := s.Engine.(compute.Hosted); ok {
		life, err := hosted.HostLife()
		if err != nil {
			return err
		}
		s.life = life
	}
	err := s.reconcile(ctx)
	if store.IsFull(err) {
		s.Log.Warn("the disk is full; droplets are brought in line with their machines when it has room", "error", err)
		return nil
	}
	return err
}

// beforeCreates sees to it that passMachines has succeeded, which a full disk may
// have kept Recover from.
func (s *Service) beforeCreates(ctx context.Context) error {
	if s.passed.Load() {
		return nil
	}
	s.looking.Lock()
	defer s.looking.Unlock()
	return s.passMachines(ctx)
}

// passMachines has new droplets get ids after those of all machines, once: a
// new one must not come to a machine that is there already.
func (s *Service) passMachines(ctx context.Context) (err error) {
	if s.passed.Load() {
		return nil
	}
	defer func() { s.passed.Store(err == nil) }()
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
			// Its droplet may be in a database that was restored from an older
			// copy; a machine is not ours to remove then.
			s.Log.Warn("a machine has no droplet; it is left alone", "machine", id)
			stray = true
		}
	}
	if !stray {
		return nil
	}
	return s.DB.Write(ctx, func(tx *store.Tx) error { return tx.RaiseSequence(ctx, "droplets", slices.Max(machines)) })
}
