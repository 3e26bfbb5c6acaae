package droplet

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Limits of a create.
const (
	maxName     = 255
	maxNames    = 10
	maxUserData = 64 << 10 // bytes
)

// Create is the body of a request for droplets (contract, droplets.md).
type Create struct {
	Name             string     `json:"name"`
	Names            []string   `json:"names"`
	Region           string     `json:"region"`
	Size             string     `json:"size"`
	Image            identity   `json:"image"`
	SSHKeys          []identity `json:"ssh_keys"`
	Backups          bool       `json:"backups"`
	BackupPolicy     any        `json:"backup_policy"`
	IPv6             bool       `json:"ipv6"`
	Monitoring       bool       `json:"monitoring"`
	PublicNetworking *bool      `json:"public_networking"`
	Tags             []string   `json:"tags"`
	UserData         string     `json:"user_data"`
	Volumes          []any      `json:"volumes"`
	VPC              string     `json:"vpc_uuid"`
}

// identity is an id or a name, given as a JSON number or string.
type identity string

func (i *identity) UnmarshalJSON(text []byte) error {
	var number json.Number
	if err := json.Unmarshal(text, &number); err == nil {
		*i = identity(number.String())
		return nil
	}
	return json.Unmarshal(text, (*string)(i))
}

// Plan is a validated create, ready to be executed in a transaction.
type Plan struct {
	service  *Service
	names    []string
	template Droplet // without a name
	userData string
	budget   Budget
}

// Plan validates a create. It may wait for an image's mirror or for the engine, so it
// must not be called in a transaction.
func (s *Service) Plan(ctx context.Context, accountID int64, c Create) (*Plan, error) {
	names, err := c.names()
	if err != nil {
		return nil, err
	}
	template, err := s.template(ctx, accountID, c)
	if err != nil {
		return nil, err
	}
	if err := s.ensureMachineIDsReserved(ctx); err != nil {
		return nil, err
	}
	return &Plan{service: s, names: names, template: template, userData: c.UserData, budget: s.budget()}, nil
}

// Do inserts the planned droplets in tx, all or none, and opens the actions that create
// their machines, in the same order.
func (p *Plan) Do(ctx context.Context, tx *store.Tx) (droplets []Droplet, actions []action.Action, err error) {
	s := p.service
	if err := s.checkLimit(ctx, tx, p.template.AccountID, len(p.names)); err != nil {
		return nil, nil, err
	}
	if err := p.checkRoom(ctx, tx); err != nil {
		return nil, nil, err
	}
	for _, name := range p.names {
		d := p.template
		d.Name, d.Locked = name, true
		if err := insert(ctx, tx, &d, p.userData); err != nil {
			return nil, nil, fmt.Errorf("insert droplet: %w", err)
		}
		a, err := s.open(ctx, tx, d, "create", nil)
		if err != nil {
			return nil, nil, err
		}
		droplets, actions = append(droplets, d), append(actions, a)
	}
	return droplets, actions, nil
}

func (s *Service) checkLimit(ctx context.Context, tx *store.Tx, accountID int64, more int) error {
	have, err := count(ctx, tx, accountID)
	if err != nil || have+more <= s.Limits.Droplets {
		return err
	}
	return apierr.Refused("creating this/these droplet(s) will exceed your droplet limit")
}

// checkRoom rejects the create if memory, disk or addresses are short.
func (p *Plan) checkRoom(ctx context.Context, tx *store.Tx) error {
	number := len(p.names)
	short, err := p.budget.shortage(ctx, tx, Allocation{MemoryMB: number * p.template.MemoryMB, DiskGB: number * p.template.DiskGB})
	if err != nil {
		return err
	}
	if short != "" {
		return apierr.Invalid("size", "No hypervisor fits this Droplet: %s", short)
	}
	left, err := p.service.addressesLeft(ctx, tx)
	if err == nil && int64(number) > left {
		err = apierr.Refused("No address is free for this Droplet: all %d of %s are taken", p.service.Pool.Size(), p.service.Pool.Prefix())
	}
	return err
}

var hostname = regexp.MustCompile(`^[a-zA-Z0-9]?[a-z0-9A-Z.\-]*[a-z0-9A-Z]$`)

// names returns the validated names of the droplets to create.
func (c Create) names() ([]string, error) {
	names, field := c.Names, "names"
	switch {
	case c.Name != "" && len(names) > 0:
		return nil, apierr.Invalid("names", "Name and names exclude each other")
	case len(names) > maxNames:
		return nil, apierr.Invalid("names", "Names has %d entries, the maximum is %d", len(names), maxNames)
	case len(names) == 0:
		names, field = []string{c.Name}, "name"
	}
	for _, name := range names {
		if err := checkName(field, name); err != nil {
			return nil, err
		}
	}
	return names, nil
}

func checkName(field, name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return apierr.Invalid(field, "Name can't be blank")
	case !hostname.MatchString(name):
		return apierr.Invalid(field, "Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)")
	case len(name) > maxName:
		return apierr.Invalid(field, "Name is too long: %d characters, the maximum is %d", len(name), maxName)
	}
	return nil
}
