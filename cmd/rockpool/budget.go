package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/capacity"
)

// budgetFlags limit the memory and disk of the host that droplets may use.
type budgetFlags struct {
	MemoryBudget share `help:"Memory that all droplets together may have, as 20GB, as a part of the host's (150% overcommits it), or none for no bound. Default: the host's less a reserve."`
	DiskBudget   share `help:"Disk that all droplets together may have, likewise."`
}

// share is an amount, or a fraction of what the host has. The zero value is
// what the host has, less a reserve.
type share struct {
	none    bool
	percent int
	mb      int
}

var units = map[string]float64{"MB": 1, "GB": 1 << 10, "TB": 1 << 20}

func (s *share) UnmarshalText(text []byte) error {
	word := strings.ToUpper(strings.TrimSpace(string(text)))
	if word == "NONE" {
		*s = share{none: true}
		return nil
	}
	number, unit := word, "%"
	if cut, ok := strings.CutSuffix(word, "%"); ok {
		number = cut
	} else if len(word) > 2 {
		number, unit = word[:len(word)-2], word[len(word)-2:]
	}
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	factor, known := units[unit]
	switch {
	case err != nil || !(value > 0) || value > 1e9 || unit != "%" && !known || unit == "%" && !strings.HasSuffix(word, "%"):
		return fmt.Errorf("%q is no share of the host: give an amount as 20GB, a part as 150%%, or none", text)
	case unit == "%":
		*s = share{percent: int(math.Ceil(value))}
	default:
		*s = share{mb: int(math.Ceil(value * factor))}
	}
	return nil
}

// of returns the share of the amount that a host has, both in MB. It returns
// 0, which means no limit, for "none" and for a host whose amount is 0.
func (s share) of(host, reserve int) int {
	switch {
	case s.none || s.mb == 0 && host == 0:
		return 0
	case s.mb > 0:
		return s.mb
	case s.percent > 0:
		return max(1, host*s.percent/100)
	default:
		return max(1, host-reserve)
	}
}

// budget returns the budget of all droplets on a host with that memory and
// disk.
func (f budgetFlags) budget(memoryMB, diskGB int) droplet.Budget {
	diskMB := f.DiskBudget.of(diskGB<<10, diskReserve(diskGB)<<10)
	return droplet.Budget{MemoryMB: f.MemoryBudget.of(memoryMB, memoryReserve(memoryMB)), DiskGB: (diskMB + 1<<10 - 1) >> 10}
}

// memoryReserve returns the memory, in MB, that the host needs for itself,
// for Rockpool, and for QEMU beyond the memory of its guests.
func memoryReserve(host int) int { return min(max(host/10, 256), 4096) }

// diskReserve returns the disk space, in GB, that is left for the database,
// logs and images.
func diskReserve(host int) int { return min(max(host/20, 1), 20) }

// budget reports how much of the budget droplets use on this host.
func (c *doctorCommand) budget(ctx context.Context) finding {
	f := finding{what: "budget"}
	host, err := capacity.Of(c.where().Droplets())
	if err != nil {
		f.state = "not known: " + err.Error()
		return f
	}
	have, err := c.allocated(ctx)
	if err != nil {
		f.state = "what droplets have is not known: " + err.Error()
		return f
	}
	budget := c.budgetFlags.budget(host.MemoryMB, host.DiskGB)
	free := budget.Free(have)
	f.state = usage("memory", "MB", budget.MemoryMB, have.MemoryMB, free.MemoryMB) + "; " +
		usage("disk", "GB", budget.DiskGB, have.DiskGB, free.DiskGB)
	return f
}

func usage(what, unit string, total, used, free int) string {
	if total == 0 {
		return fmt.Sprintf("%s %d %s used, no bound", what, used, unit)
	}
	return fmt.Sprintf("%s %d %s used of %d %s, %d %s free", what, used, unit, total, unit, free, unit)
}

// allocated returns the memory and disk that the database has allocated to
// droplets; none if there is no database yet.
func (c *doctorCommand) allocated(ctx context.Context) (droplet.Allocation, error) {
	if !store.IsURL(c.where().Source()) {
		if _, err := os.Stat(c.where().Source()); errors.Is(err, fs.ErrNotExist) {
			return droplet.Allocation{}, nil
		}
	}
	db, err := store.Open(ctx, c.where().Source(), store.AsItIs())
	if errors.Is(err, store.ErrNoTables) {
		return droplet.Allocation{}, nil
	}
	if err != nil {
		return droplet.Allocation{}, err
	}
	have, err := droplet.Allocated(ctx, db)
	return have, errors.Join(err, db.Close())
}
