package qemu

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestStartAfterAnotherUser starts a machine whose files belong to the user of an
// earlier engine, which was not root.
func TestStartAfterAnotherUser(t *testing.T) {
	e, _ := newEngine(t)
	needIsolation(t, e)
	spec := testSpec(91, blankImage(t))
	if err := e.Create(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	m := e.newMachine(spec.ID)
	for _, path := range []string{m.path("disk.qcow2"), m.path("console.log"), m.dir} {
		if err := os.Chown(path, 1000, 1000); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(m.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context(), spec.ID); err != nil {
		t.Error(err)
	}
}

// TestSymbolicLinks starts a machine where both folders are symbolic links to
// folders at another depth.
func TestSymbolicLinks(t *testing.T) {
	real, linked := t.TempDir(), filepath.Join(t.TempDir(), "data")
	for _, dir := range []string{"data", "far/away/droplets"} {
		if err := os.MkdirAll(filepath.Join(real, dir), 0o711); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(
		os.Symlink(filepath.Join(real, "data"), linked),
		os.Symlink(filepath.Join(real, "far/away/droplets"), filepath.Join(real, "data/droplets")),
		os.Chmod(real, 0o711),
	); err != nil {
		t.Fatal(err)
	}
	e := openIn(t, linked)
	recovered(t, e)
	spec := testSpec(92, blankImage(t))
	started(t, e, spec)
	m := e.newMachine(spec.ID)
	relay, err := e.relayFrom(t.Context(), m.dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(m.dir + "/" + relay); err != nil {
		t.Errorf("QEMU can't reach the relay: %v", err)
	}
	if err := e.Stop(t.Context(), spec.ID); err != nil {
		t.Fatal(err)
	}

	elsewhere := filepath.Join(real, "elsewhere")
	if err := errors.Join(os.Rename(m.dir, elsewhere), os.Symlink(elsewhere, m.dir)); err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context(), spec.ID); err == nil || !strings.Contains(err.Error(), "must not be a symbolic link") {
		t.Errorf("start behind a link gives %v", err)
	}
}

// TestRelayIsInstalledAgain starts a machine after the relay could not be
// installed, and after it was removed.
func TestRelayIsInstalledAgain(t *testing.T) {
	e, _ := newEngine(t)
	spec := testSpec(93, blankImage(t))
	if err := e.Create(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	good := e.config.Relay
	e.config.Relay = filepath.Join(t.TempDir(), "missing")
	if _, err := e.relayFrom(t.Context(), e.newMachine(spec.ID).dir); err == nil {
		t.Error("a relay that is missing was installed")
	}
	e.config.Relay = good
	if err := os.Remove(filepath.Join(e.binDir(), "rockpool")); err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context(), spec.ID); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(e.binDir(), "rockpool")); err != nil {
		t.Error(err)
	}
}

func TestEngineKeepsNoStateOfUnknownMachines(t *testing.T) {
	e, _ := newEngine(t)
	for id := range int64(10) {
		if err := e.Stop(t.Context(), 9000+id); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(e.machines); n != 0 {
		t.Errorf("the engine remembers %d machines that are not there", n)
	}
}

func TestMetadataAfterClose(t *testing.T) {
	e, _ := newEngine(t)
	spec := testSpec(94, blankImage(t))
	if err := e.Create(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context(), spec.ID); !errors.Is(err, errClosed) {
		t.Errorf("start after Close gives %v, want errClosed", err)
	}
	if m := e.machine(spec.ID); m.metadata != nil {
		t.Error("a server was opened that nobody closes")
	}
}

func TestLastWordsArePrintable(t *testing.T) {
	m := &machine{dir: t.TempDir()}
	if err := os.WriteFile(m.path("qemu.log"), []byte("one \x1b[31mred\x00\xff\ntwo\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := m.lastWords(); got != ", its last words: one  [31mred \ufffd; two" {
		t.Errorf("%q", got)
	}
}
