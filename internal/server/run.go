package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/sweep"
)

// add adds constructed rooms. Close closes them also if Open fails later.
func (s *Server) add(rooms ...resource.Room) { s.rooms = append(s.rooms, rooms...) }

// Start starts each room, in the order of construction: the room continues
// the work of an earlier process. It then starts the background work.
func (s *Server) Start(ctx context.Context) error {
	for _, room := range s.rooms {
		if room.Recover == nil {
			continue
		}
		if err := room.Recover(ctx); err != nil {
			return fmt.Errorf("start %s: %w", room.Name, err)
		}
	}
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	old := map[string]sweep.Rows{}
	for _, room := range s.rooms {
		maps.Copy(old, room.Sweep)
		for _, work := range room.Background {
			s.background.Go(func() { work(working) })
		}
	}
	s.background.Go(func() { sweep.Run(working, s.DB, s.config.Log, old) })
	return nil
}

// Close stops the background work and closes all rooms, in the reverse order
// of construction.
func (s *Server) Close() error {
	if s.stop != nil {
		s.stop()
		s.background.Wait()
	}
	var errs []error
	for _, room := range slices.Backward(s.rooms) {
		if room.Close != nil {
			errs = append(errs, room.Close())
		}
	}
	return errors.Join(errs...)
}
