package qemu

import "testing"

func TestHostLifeIsTheSameAsLongAsTheHostRuns(t *testing.T) {
	first, err := new(Engine).HostLife()
	if err != nil || first == "" {
		t.Fatalf("%q, %v", first, err)
	}
	if second, err := new(Engine).HostLife(); err != nil || second != first {
		t.Errorf("%q, then %q, %v", first, second, err)
	}
}
