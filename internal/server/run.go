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

// add adds rooms that have been constructed. Close closes them also if Open
// fails later.
func (s *Server) add(rooms ...resource.Room) { s.rooms = append(s.rooms, rooms...) }

// Start lets each room continue what an earlier process has left, in the order
// in which the rooms were constructed, and begins what runs in the background.
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

// Close ends what runs in the background and closes all rooms, the last first.
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
