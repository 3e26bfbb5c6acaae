package simulated

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/enginetest"
)

func opener(options ...Option) enginetest.Open {
	return func(t *testing.T) (compute.Engine, func() compute.Engine) {
		dir := t.TempDir()
		open := func() compute.Engine {
			e, err := Open(dir, options...)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
		return open(), open
	}
}

func crash(t *testing.T, engine compute.Engine, id int64) {
	if err := engine.(*Engine).Crash(id); err != nil {
		t.Fatal(err)
	}
}

// seen is the spec in the machine's file.
func seen(t *testing.T, engine compute.Engine, id int64) compute.Spec {
	e := engine.(*Engine)
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.machines[id]
	if m == nil || !m.record.Running {
		t.Fatalf("machine %d does not run", id)
	}
	return m.record.Spec
}

func TestEngine(t *testing.T) {
	enginetest.Run(t, opener(), enginetest.Options{Obeys: true, Crash: crash, Seen: seen})
}

func TestEngineOfGuestsThatIgnoreShutdown(t *testing.T) {
	enginetest.Run(t, opener(IgnoreShutdown()), enginetest.Options{Crash: crash, Seen: seen})
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestBrokenFile: a file that a power failure has emptied, or that is no record, is no
// machine. The others are served.
func TestBrokenFile(t *testing.T) {
	for _, text := range []string{"", "{", "{}", "null"} {
		dir := t.TempDir()
		e, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Create(t.Context(), benchmarkSpec(6)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "7.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		e, err = Open(dir)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if ids, err := e.List(t.Context()); err != nil || !slices.Equal(ids, []int64{6}) {
			t.Errorf("%q: the machines are %v, %v", text, ids, err)
		}
		if err := e.Create(t.Context(), benchmarkSpec(7)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestConsoleHasEachBoot(t *testing.T) {
	e, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		e.Create(t.Context(), benchmarkSpec(7)), e.Start(t.Context(), 7), e.Reset(t.Context(), 7),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	console, err := e.Console(t.Context(), 7)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(console)
	if want := "simulated machine 7 (bench), boot 1\nsimulated machine 7 (bench), boot 2\n"; err != nil || string(text) != want {
		t.Errorf("%q, %v, want %q", text, err, want)
	}
}

func benchmarkSpec(id int64) compute.Spec {
	return compute.Spec{
		ID: id, Hostname: "bench", VCPUs: 1, MemoryMB: 512, Disks: []compute.Disk{{SizeGB: 10}},
		Interfaces: []compute.Interface{{MAC: fmt.Sprintf("52:54:00:%02x:%02x:%02x", byte(id>>16), byte(id>>8), byte(id))}},
	}
}

func BenchmarkCreateAndStart(b *testing.B) {
	e, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	id := int64(0)
	for b.Loop() {
		id++
		if err := e.Create(b.Context(), benchmarkSpec(id)); err != nil {
			b.Fatal(err)
		}
		if err := e.Start(b.Context(), id); err != nil {
			b.Fatal(err)
		}
	}
}
