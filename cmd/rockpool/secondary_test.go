package main

import (
	"strings"
	"testing"
)

func TestSecondaryFlag(t *testing.T) {
	for _, test := range []struct {
		text, want, wrong string
	}{
		{"192.0.2.1:53", "192.0.2.1:53 ", ""},
		{"[2001:db8::1]:5300/Pool", "[2001:db8::1]:5300 pool.", ""},
		{"192.0.2.1:53/pool.example.", "192.0.2.1:53 pool.example.", ""},
		{"192.0.2.1", "", `"192.0.2.1" is not an address with a port`},
		{"192.0.2.1:0", "", `"192.0.2.1:0" is not an address with a port`},
		{"ns1.example.com:53", "", `"ns1.example.com:53" is not an address with a port`},
		{"192.0.2.1:53/", "", `"" is not the name of a key`},
		{"192.0.2.1:53/a..b", "", `"a..b" is not the name of a key`},
	} {
		var s secondary
		err := s.UnmarshalText([]byte(test.text))
		if test.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), test.wrong) || !strings.Contains(err.Error(), "ADDRESS:PORT/KEY") {
				t.Errorf("%s: %v", test.text, err)
			}
			continue
		}
		if got := s.Address.String() + " " + s.Key; err != nil || got != test.want {
			t.Errorf("%s: %s, %v", test.text, got, err)
		}
	}
}

func TestSecondaryWithAnUnknownKeyIsRejected(t *testing.T) {
	var f transferFlags
	parse := func(key, to string) {
		var k transferKey
		var s secondary
		if err := k.UnmarshalText([]byte(key)); err != nil {
			t.Fatal(err)
		}
		if err := s.UnmarshalText([]byte(to)); err != nil {
			t.Fatal(err)
		}
		f.TransferKey, f.Secondary = append(f.TransferKey, k), append(f.Secondary, s)
	}
	parse("Pool:hmac-sha256:c2VjcmV0", "192.0.2.1:53/pool")
	if config, err := f.config(); err != nil || config.Secondaries[0].Key != "pool." {
		t.Errorf("%v, %v", config, err)
	}
	parse("other:hmac-sha512:c2VjcmV0", "192.0.2.2:53/Another")
	if _, err := f.config(); err == nil || err.Error() != "--secondary 192.0.2.2:53/another.: no --transfer-key has that name" {
		t.Error(err)
	}
}
