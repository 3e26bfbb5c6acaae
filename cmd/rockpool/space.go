package main

// spaceFlags limit the use of the disk that has the data folder. They are in
// MiB.
type spaceFlags struct {
	DiskReserve int64 `help:"MiB of disk space in the data folder that are kept for deletes on a full disk." default:"64"`
	LeastFree   int64 `help:"MiB that must be free in the data folder for anything new to be made." default:"256"`
}
