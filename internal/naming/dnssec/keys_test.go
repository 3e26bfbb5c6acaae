package dnssec

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

const origin = "example.com."

func newTestKey(t testing.TB, others ...*Key) *Key {
	t.Helper()
	k, err := Generate(others...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeyIsMarshalled(t *testing.T) {
	k := newTestKey(t)
	der, err := k.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseKey(der)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(k.DNSKEY(origin, 1), again.DNSKEY(origin, 1)); diff != "" {
		t.Error(diff)
	}
	if k.Tag() != k.DNSKEY(origin, 300).KeyTag() {
		t.Error("the tag is not the record's")
	}
	if _, err := ParseKey(der[1:]); err == nil {
		t.Error("garbage is a key")
	}
}

// The digest is that of the example of RFC 6605, section 6.1.
func TestDS(t *testing.T) {
	k := Key{public: "GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA=="}
	ds := k.DS("example.net.", 3600)
	if ds.KeyTag != 55648 || ds.DigestType != 2 || ds.Digest != "b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17" {
		t.Errorf("%s", ds)
	}
}

func TestStages(t *testing.T) {
	old := newTestKey(t)
	successor := newTestKey(t, old)
	timing := Timing{DNSKEY: time.Hour, Zone: 3 * time.Hour, DS: 24 * time.Hour, Propagation: time.Minute}
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	after := func(d time.Duration) time.Time { return start.Add(d) }
	for _, test := range []struct {
		name string
		keys Keys
		now  time.Time
		want Stage
		due  time.Time
	}{
		{"unsigned records are remembered", Sign(old, start), after(181*time.Minute - 1), Introduced, after(181 * time.Minute)},
		{"they are not", Sign(old, start), after(181 * time.Minute), Stable, time.Time{}},
		{"stable", Keys{Stage: Stable, Since: start, Key: old}, after(10000 * time.Hour), Stable, time.Time{}},
		{"the successor is not known", Keys{Stage: Published, Since: start, Key: old, Successor: successor}, after(61*time.Minute - 1), Published, after(61 * time.Minute)},
		{"it is", Keys{Stage: Published, Since: start, Key: old, Successor: successor}, after(61 * time.Minute), Switched, time.Time{}},
		{"the parent is waited for", Keys{Stage: Switched, Since: start, Switched: start, Key: old, Successor: successor}, after(10000 * time.Hour), Switched, time.Time{}},
		{"the old DS is remembered", Keys{Stage: Seen, Since: start, Switched: start, Key: old, Successor: successor}, after(24 * time.Hour), Seen, after(24*time.Hour + time.Minute)},
		{"it is not", Keys{Stage: Seen, Since: start, Switched: start, Key: old, Successor: successor}, after(24*time.Hour + time.Minute), Stable, time.Time{}},
		{"old signatures are remembered longer", Keys{Stage: Seen, Since: start, Switched: after(22 * time.Hour), Key: old, Successor: successor}, after(25 * time.Hour), Seen, after(25*time.Hour + time.Minute)},
		{"leaving", Keys{Stage: Leaving, Since: start, Key: old}, after(10000 * time.Hour), Leaving, time.Time{}},
		{"left", Keys{Stage: Left, Since: start, Key: old}, after(24 * time.Hour), Left, after(24*time.Hour + time.Minute)},
		{"unsigned", Keys{Stage: Left, Since: start, Key: old}, after(25 * time.Hour), Unsigned, time.Time{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, due := test.keys.Next(test.now, timing)
			if got.Stage != test.want || !due.Equal(test.due) {
				t.Errorf("%s until %s, want %s until %s", got.Stage, due, test.want, test.due)
			}
		})
	}
}

// Each step begins only at its stages, and each stage has its DS record.
func TestSteps(t *testing.T) {
	key, successor := newTestKey(t), newTestKey(t)
	var now time.Time
	steps := map[string]func(Keys) (Keys, error){
		"roll":  func(k Keys) (Keys, error) { return k.Roll(successor, now) },
		"leave": func(k Keys) (Keys, error) { return k.Leave(now) },
		"saw":   func(k Keys) (Keys, error) { return k.SawDS(now) },
	}
	for _, test := range []struct {
		from Stage
		to   map[string]Stage
		ds   *Key
	}{
		{Introduced, map[string]Stage{"leave": Leaving}, nil},
		{Stable, map[string]Stage{"roll": Published, "leave": Leaving}, key},
		{Published, nil, key},
		{Switched, map[string]Stage{"saw": Seen}, successor},
		{Seen, nil, successor},
		{Leaving, map[string]Stage{"saw": Left}, nil},
		{Left, nil, nil},
	} {
		keys := Keys{Stage: test.from, Key: key}
		if test.from == Published || test.from == Switched || test.from == Seen {
			keys.Successor = successor
		}
		for name, step := range steps {
			got, err := step(keys)
			want, ok := test.to[name]
			if ok && (err != nil || got.Stage != want) || !ok && !errors.Is(err, ErrStage) {
				t.Errorf("%s, %s: %s, %v", test.from, name, got.Stage, err)
			}
		}
		var want *dns.DS
		if test.ds != nil {
			want = test.ds.DS(origin, 60)
		}
		if diff := cmp.Diff(want, keys.DS(origin, 60)); diff != "" {
			t.Errorf("%s: %s", test.from, diff)
		}
	}
}

// The CDS and CDNSKEY records ask the parent to remove its DS record (RFC 8078, section
// 4).
func TestRecordsAskTheParentToRemoveItsDS(t *testing.T) {
	var got []string
	for _, rr := range (Keys{Stage: Leaving, Key: newTestKey(t)}).Records(origin, 60)[1:] {
		got = append(got, rr.String())
	}
	want := []string{"example.com.\t60\tIN\tCDS\t0 0 0 00", "example.com.\t60\tIN\tCDNSKEY\t0 3 0 AA=="}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
