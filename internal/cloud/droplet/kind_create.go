package droplet

import (
	"context"
	"errors"
	"fmt"

	"github.com/rockpool-cloud/rockpool/internal/cloud/address"
	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// createKind creates the machine of a new droplet. Plan.Do opens it.
func (s *Service) createKind() kind {
	return kind{
		Type: "create",
		Definition: saga.Definition{
			Steps: []saga.Step{
				step("image", s.fetchImage, nil),
				step("address", s.assignAddress, s.releaseAddress),
				step("disk", s.makeMachine, s.destroyMachine),
				volatileStep("boot", s.start, s.stop),
			},
			Observe:  s.observe,
			Complete: s.recordPower,
			Abort:    s.removeUnmade,
		},
	}
}

func (s *Service) fetchImage(ctx context.Context, r *saga.Run, id int64) error {
	_, err := s.ensureImage(ctx, r, id)
	return err
}

// ensureImage returns the image that the droplet is made from. It builds or
// downloads an image whose file does not exist, which may take minutes.
func (s *Service) ensureImage(ctx context.Context, r *saga.Run, id int64) (compute.Image, error) {
	d, err := getByID(ctx, s.DB, id)
	if err != nil {
		return "", err
	}
	if d.Image.Slug == nil {
		return "", fmt.Errorf("image %d has no file", d.Image.ID)
	}
	return s.Images.Ensure(ctx, *d.Image.Slug, func(text string) { r.Progress(ctx, text) })
}

// assignAddress finds an address outside a transaction, because that asks the host, and
// assigns it inside one.
func (s *Service) assignAddress(ctx context.Context, r *saga.Run, id int64) error {
	for {
		found, err := s.Pool.Find(ctx, s.DB, id)
		if err != nil {
			return err
		}
		err = r.Write(ctx, func(tx *store.Tx) error { return s.takeAddress(ctx, tx, id, found) })
		if !errors.Is(err, address.ErrTaken) {
			return err
		}
	}
}

func (s *Service) takeAddress(ctx context.Context, tx *store.Tx, id int64, found address.Assignment) error {
	a, err := address.Assign(ctx, tx, id, found)
	if err != nil {
		return err
	}
	tx.OnCommit(func() {
		s.Log.Info("a droplet has an address", "droplet", id, "address", a.Address, "forwards", a.Forwards)
	})
	d, err := getByID(ctx, tx, id)
	if err != nil {
		return err
	}
	return s.notifyNamed(ctx, tx, d)
}

func (s *Service) makeMachine(ctx context.Context, r *saga.Run, id int64) error {
	disk, err := s.ensureImage(ctx, r, id)
	if err != nil {
		return err
	}
	d, err := getByID(ctx, s.DB, id)
	if err != nil {
		return err
	}
	return s.Engine.Create(ctx, s.spec(d, disk))
}

// removeUnmade removes the row of a droplet that could not be made. Its action and the
// log have the reason.
func (s *Service) removeUnmade(ctx context.Context, tx *store.Tx, r *saga.Run) error {
	id, err := subject(r)
	if err != nil {
		return err
	}
	d, err := getByID(ctx, tx, id)
	if err != nil {
		return err
	}
	tx.OnCommit(func() {
		s.Log.Warn("a droplet could not be made", "droplet", d.ID, "name", d.Name, "image", d.Image.Name, "reason", r.Reason())
	})
	return remove(ctx, tx, id)
}
