package apierr

import (
	"errors"
	"fmt"
	"testing"
)

func TestFrom(t *testing.T) {
	if e := From(fmt.Errorf("read the droplet: %w", NotFound())); e.Kind != KindNotFound {
		t.Errorf("a wrapped error became %+v", e)
	}
	if e := From(errors.New("secret")); e.Kind != KindInternal || e.Message != "Unexpected server-side error" {
		t.Errorf("an error of the server's own became %+v", e)
	}
}

func TestIsNotFound(t *testing.T) {
	for _, test := range []struct {
		err  error
		want bool
	}{
		{NotFound(), true},
		{fmt.Errorf("read the droplet: %w", NotFound()), true},
		{errors.Join(errors.New("other"), NotFound()), true},
		{Refused("The droplet is locked."), false},
		{errors.New("disk failure"), false},
		{nil, false},
	} {
		if got := IsNotFound(test.err); got != test.want {
			t.Errorf("IsNotFound(%v) is %v", test.err, got)
		}
	}
}
