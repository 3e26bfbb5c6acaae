//go:build race

package rockpooltest

// raceEnabled has the program built with the race detector too.
const raceEnabled = true
