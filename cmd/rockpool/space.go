package main

// spaceFlags are for the disk that the data folder is on, in MiB.
type spaceFlags struct {
	DiskReserve int64 `help:"MiB of disk space in the data folder that are kept for deletes on a full disk." default:"64"`
	LeastFree   int64 `help:"MiB that must be free in the data folder for anything new to be made." default:"256"`
}
