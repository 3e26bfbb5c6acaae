package zone_test

import (
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/naming/zone"
)

func TestNextSerial(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for _, test := range []struct {
		name              string
		last, floor, want uint32
	}{
		{"the first", 0, 0, 1_700_000_000},
		{"the time is later", 1_600_000_000, 1_500_000_000, 1_700_000_000},
		{"the last is of this second", 1_700_000_000, 0, 1_700_000_001},
		{"the floor is later than the time", 1_600_000_000, 2_026_010_203, 2_026_010_204},
		{"the floor is later than the last", 1_700_000_005, 1_700_000_009, 1_700_000_010},
		{"the last is half the circle ahead", 1_700_000_000 + 1<<31, 0, 1_700_000_001 + 1<<31},
		{"the last is more than half ahead, so behind", 1_700_000_001 + 1<<31, 0, 1_700_000_000},
	} {
		if got := zone.NextSerial(test.last, test.floor, now); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
	if got := zone.NextSerial(1<<32-1, 0, time.Unix(1<<32-1, 0)); got != 1 {
		t.Errorf("after the greatest serial: %d, want 1, because 0 is skipped", got)
	}
}

func TestLater(t *testing.T) {
	for _, test := range []struct {
		a, b uint32
		want bool
	}{
		{2, 1, true}, {1, 1, false}, {1, 2, false}, {0, 1<<32 - 1, true}, {1<<32 - 1, 0, false},
	} {
		if got := zone.Later(test.a, test.b); got != test.want {
			t.Errorf("Later(%d, %d) = %t", test.a, test.b, got)
		}
	}
}
