package main

import "time"

// ageFlags limit the age of rows that would otherwise accumulate.
type ageFlags struct {
	KeepActions time.Duration `help:"How long actions are kept after their end, 6h at the least; 0 is for ever." default:"2160h"`
}
