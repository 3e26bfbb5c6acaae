package qemu

import (
	"os"
	"strconv"
	"testing"
)

func TestHostLifeIsTheSameAsLongAsTheHostRuns(t *testing.T) {
	first, err := new(Engine).HostLife()
	if err != nil || first == "" {
		t.Fatalf("%q, %v", first, err)
	}
	if second, err := new(Engine).HostLife(); err != nil || second != first {
		t.Errorf("%q, then %q, %v", first, second, err)
	}
}

func TestStartTime(t *testing.T) {
	const stat = "1 (a ) b) S 0 1 1 0 -1 4194560 5 6 7 8 9 10 11 12 20 0 1 0 4711 100 200\n"
	if got, err := startTime([]byte(stat)); err != nil || got != "4711" {
		t.Errorf("%q, %v", got, err)
	}
	own, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		t.Fatal(err)
	}
	got, err := startTime(own)
	if ticks, _ := strconv.Atoi(got); err != nil || ticks == 0 {
		t.Errorf("of this process %q, %v", got, err)
	}
	for _, short := range []string{"", "1 (a) S 0"} {
		if got, err := startTime([]byte(short)); err == nil {
			t.Errorf("%q has the start time %q", short, got)
		}
	}
}
