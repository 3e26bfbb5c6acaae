package main

import "time"

// ageFlags are how long is kept what would only grow.
type ageFlags struct {
	KeepActions time.Duration `help:"How long actions are kept after their end, 6h at the least; 0 is for ever." default:"2160h"`
}
