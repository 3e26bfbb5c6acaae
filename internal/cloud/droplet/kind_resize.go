package droplet

import (
	"context"
	"errors"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/saga"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// resizeKind gives the droplet the memory and processors of another size, and its disk
// if the client wants that. A disk never becomes smaller again.
func (s *Service) resizeKind() kind {
	return kind{
		Type:  "resize",
		Draft: &draftForm{Key: "resize", Param: "size", With: "disk"},
		Params: []param{
			{"size", `{"description": "slug of the new size, of a resize", "example": "s-2vcpu-2gb", "type": ["string"]}`},
			{"disk", `{"description": "whether a resize makes the disk larger as well, which can't be undone", "example": true, "type": ["boolean"]}`},
		},
		Scopes:     []string{"droplet:create"},
		NeedsPower: true,
		NeedsHost:  true,
		Admit:      s.admitResize,
		Definition: saga.Definition{
			Steps: []saga.Step{
				step("remember", s.rememberSize, nil),
				step("machine", s.resizeMachine, s.restoreMachineSize),
			},
			Observe:  s.observe,
			Complete: s.resized,
			Abort:    s.notResized,
		},
	}
}

// dimensions are what a resize changes of a droplet.
type dimensions struct {
	Size     string `json:"size"` // slug
	Disk     bool   `json:"disk"` // the client wants the size's disk
	VCPUs    int    `json:"vcpus"`
	MemoryMB int    `json:"memory_mb"`
	DiskGB   int    `json:"disk_gb"`
}

// admitResize returns the droplet's new dimensions, and reserves them in the budget.
// Clients match the messages (contract, droplet-actions.md).
func (s *Service) admitResize(ctx context.Context, tx *store.Tx, r ActionRequest) (any, error) {
	d := r.Droplet
	wanted, ok := s.Sizes.Find(strings.ToLower(r.text("size")))
	if !ok {
		return nil, apierr.Invalid("size", "You specified an invalid size for Droplet resize.")
	}
	disk, _ := r.Params["disk"].(bool)
	next := dimensions{Size: wanted.Slug, Disk: disk, VCPUs: wanted.VCPUs, MemoryMB: wanted.MemoryMB, DiskGB: d.DiskGB}
	if disk {
		next.DiskGB = wanted.DiskGB
	}
	switch {
	case wanted.DiskGB < d.DiskGB:
		return nil, apierr.Invalid("size", "Size can not decrease size of Droplet's disk image")
	case wanted.Slug == d.Size && next.DiskGB == d.DiskGB:
		return nil, apierr.Invalid("size", "Droplet already has size %s", wanted.Slug)
	case !s.Sizes.Fits(next.VCPUs, next.MemoryMB, next.DiskGB):
		return nil, apierr.Invalid("size", "Size is too large to fit on your droplet's server")
	case r.Runs:
		return nil, apierr.Refused("Droplet must be powered off to resize")
	}
	more := Allocation{MemoryMB: max(0, next.MemoryMB-d.MemoryMB), DiskGB: next.DiskGB - d.DiskGB}
	short, err := r.Budget.shortage(ctx, tx, more)
	if err != nil {
		return nil, err
	}
	if short != "" {
		return nil, apierr.Invalid("size", "Size is too large to fit on your droplet's server: %s", short)
	}
	return next, reserve(ctx, tx, d.ID, Allocation{MemoryMB: next.MemoryMB, DiskGB: next.DiskGB})
}

// rememberSize outputs the dimensions of the machine before the resize, for the
// undo.
func (s *Service) rememberSize(ctx context.Context, r *saga.Run, id int64) error {
	spec, err := s.Engine.Spec(ctx, id)
	if err != nil {
		return err
	}
	return r.SetOutput(dimensions{VCPUs: spec.VCPUs, MemoryMB: spec.MemoryMB, DiskGB: spec.Disks[0].SizeGB})
}

func (s *Service) resizeMachine(ctx context.Context, r *saga.Run, id int64) error {
	var next dimensions
	if err := r.Params(&next); err != nil {
		return err
	}
	spec, err := s.Engine.Spec(ctx, id)
	if err != nil {
		return err
	}
	spec.VCPUs, spec.MemoryMB = next.VCPUs, next.MemoryMB
	if next.Disk {
		spec.Disks[0].SizeGB = next.DiskGB
	}
	return s.Engine.Change(ctx, spec)
}

// restoreMachineSize ends well in every state of the machine, because an undo is
// repeated until it succeeds: one that is gone has no size, and one that somebody
// has started keeps what it runs with.
func (s *Service) restoreMachineSize(ctx context.Context, r *saga.Run, id int64) error {
	var before dimensions
	remembered, err := r.Output("remember", &before)
	if err != nil || !remembered {
		return err
	}
	spec, err := s.Engine.Spec(ctx, id)
	if errors.Is(err, compute.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	now := spec.Clone()
	spec.VCPUs, spec.MemoryMB, spec.Disks[0].SizeGB = before.VCPUs, before.MemoryMB, before.DiskGB
	if spec.Equal(now) {
		return nil
	}
	err = s.Engine.Change(ctx, spec)
	if errors.Is(err, compute.ErrNotFound) || errors.Is(err, compute.ErrRunning) || errors.Is(err, compute.ErrShrink) {
		s.Log.Warn("a machine keeps the size of a resize that failed", "droplet", id, "error", err)
		return nil
	}
	return err
}

func (s *Service) resized(ctx context.Context, tx *store.Tx, r *saga.Run) error {
	id, err := subject(r)
	if err != nil {
		return err
	}
	var next dimensions
	if err := r.Params(&next); err != nil {
		return err
	}
	if err := setDimensions(ctx, tx, id, next); err != nil {
		return err
	}
	return s.recordStatus(ctx, tx, r)
}

func (s *Service) notResized(ctx context.Context, tx *store.Tx, r *saga.Run) error {
	id, err := subject(r)
	if err != nil {
		return err
	}
	if err := reserve(ctx, tx, id, Allocation{}); err != nil {
		return err
	}
	return s.recordStatus(ctx, tx, r)
}
