package main

import (
	"log/slog"

	"github.com/rockpool-cloud/rockpool/internal/ground/space"
)

// spaceFlags are for the disk that the data folder is on, in MiB.
type spaceFlags struct {
	DiskReserve int64 `help:"MiB of disk space in the data folder that are kept for deletes on a full disk." default:"64"`
	LeastFree   int64 `help:"MiB that must be free in the data folder for anything new to be made." default:"256"`
}

// guard begins to guard the data folder.
func (f spaceFlags) guard(dir string, log *slog.Logger) *space.Guard {
	return space.Open(dir, f.DiskReserve<<20, f.LeastFree<<20, log)
}
